#include "git-gate/gate.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <climits>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "control/fields.h"
#include "git-gate/client.h"
#include "git-gate/config.h"

namespace botbottle::git_gate {
namespace {

using control::Descriptor;

constexpr std::size_t kMaxClients = 256;
// Each of them is several processes.
constexpr std::size_t kMaxGits = 8;
constexpr std::chrono::milliseconds kPatience{5000};
constexpr std::chrono::milliseconds kStep{20};

// The hook lies beside this program.
Result<std::string> hook_program() {
    char path[PATH_MAX];
    const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    if (size <= 0) return failure("gate_start", "cannot find this program's directory");
    const std::string_view own(path, static_cast<std::size_t>(size));
    return std::string(own.substr(0, own.rfind('/'))) + "/botbottle-git-hook";
}

}  // namespace

Gate::Gate(asio::io_context& io, Descriptor listener, Descriptor audit_file, PushHolds::Tell tell)
    : listener_(std::move(listener)),
      audit_file_(std::move(audit_file)),
      home_{io, {}, -1},
      slots_(io, kMaxGits),
      tell_(std::move(tell)),
      holds_(io) {}

Result<void> Gate::start(nlohmann::json& params) {
    if (recorder_) return failure("not_now", "the gate was started already");
    auto config = parse_config(params);
    if (!config) return tl::make_unexpected(config.error());
    auto log = audit::AuditLog::open(audit_file_.get(), "git-gate");
    if (!log) return tl::make_unexpected(log.error());
    home_.directory = config->directory;
    if (auto taken = take_directory(); !taken) return taken;
    for (Repo& repo : config->repos) {
        std::string name = repo.name;
        auto mirror = std::make_unique<Mirror>(home_, std::move(repo));
        mirror->tidy();
        mirrors_.emplace(std::move(name), std::move(mirror));
    }
    secrets_ = std::move(config->secrets);
    scan_rules_ = std::move(config->scan_rules);
    if (config->ask_seconds) holds_.enable(tell_, std::chrono::seconds(*config->ask_seconds));
    recorder_ = std::make_unique<Recorder>(*std::move(log));
    asio::co_spawn(
        home_.io.get_executor(), [this] { return accept(); }, asio::detached);
    return {};
}

Result<void> Gate::replace_scan(nlohmann::json& params) {
    if (!recorder_) return failure("not_now", "the gate was not started yet");
    if (auto known = control::only_members(params, {"secrets", "scan_rules"}); !known) return known;
    auto rules = control::string_member(params, "scan_rules");
    if (!rules) return tl::make_unexpected(rules.error());
    auto secrets = control::take_secrets(params, "secrets");
    if (!secrets) return tl::make_unexpected(secrets.error());
    secrets_ = *std::move(secrets);
    scan_rules_ = *std::move(rules);
    return {};
}

Result<void> Gate::hear_of_hold(const nlohmann::json& params) {
    if (auto known = control::only_members(params, {"hold", "status", "proposal", "notes"}); !known)
        return known;
    PushAnswer answer;
    std::string hold;
    for (const auto& [name, target] :
         {std::pair{"hold", &hold}, std::pair{"status", &answer.status},
          std::pair{"proposal", &answer.proposal}, std::pair{"notes", &answer.notes}}) {
        auto text = control::string_member(params, name);
        if (!text) return tl::make_unexpected(text.error());
        *target = *std::move(text);
    }
    holds_.told(hold, answer);
    return {};
}

// The directory of the mirrors and, in it, of the one hook.
Result<void> Gate::take_directory() {
    const std::string& directory = home_.directory;
    const auto cannot = [&](const std::string& what) {
        return failure("gate_directory", what + ": " + std::strerror(errno));
    };
    if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
        return cannot("cannot make " + directory);
    struct stat status = {};
    if (lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
        status.st_uid != geteuid() || (status.st_mode & 077) != 0)
        return failure("gate_directory",
                       directory + " must be a directory of this user's alone (0700)");
    directory_lock_ = Descriptor(
        open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!directory_lock_) return cannot("cannot open the lock of " + directory);
    // The hook names places below it as the kernel does.
    char canonical[PATH_MAX];
    if (realpath(directory.c_str(), canonical) == nullptr)
        return cannot("cannot find " + directory);
    home_.directory = canonical;
    home_.lock = directory_lock_.get();
    for (auto left = kPatience; flock(home_.lock, LOCK_EX | LOCK_NB) != 0; left -= kStep) {
        if (left.count() <= 0) return cannot("another gate uses " + directory);
        std::this_thread::sleep_for(kStep);
    }
    const auto program = hook_program();
    if (!program) return tl::make_unexpected(program.error());
    if (access(program->c_str(), X_OK) != 0) return cannot("cannot use " + *program);
    const std::string hooks = directory + "/hooks";
    const std::string hook = hooks + "/pre-receive";
    if (mkdir(hooks.c_str(), 0700) != 0 && errno != EEXIST) return cannot("cannot make " + hooks);
    unlink(hook.c_str());
    if (symlink(program->c_str(), hook.c_str()) != 0) return cannot("cannot make " + hook);
    return {};
}

Mirror* Gate::find(std::string_view repo) {
    const auto found = mirrors_.find(repo);
    return found == mirrors_.end() ? nullptr : found->second.get();
}

Task<void> Gate::accept() {
    asio::basic_socket_acceptor<asio::local::stream_protocol, Executor> acceptor(
        home_.io, asio::local::stream_protocol(), listener_.release());
    Timer pause(home_.io);
    for (;;) {
        auto [error, socket] = co_await acceptor.async_accept(kAwait);
        if (error) {
            // Out of descriptors: those who are served will give some back.
            pause.expires_after(std::chrono::milliseconds(50));
            (void)co_await pause.async_wait(kAwait);
            continue;
        }
        if (clients_ >= kMaxClients) continue;  // closed at once
        ++clients_;
        Client::serve(*this, std::move(socket));
    }
}

void Gate::flush() {
    if (recorder_) recorder_->flush();
}

}  // namespace botbottle::git_gate
