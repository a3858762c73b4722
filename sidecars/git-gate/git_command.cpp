#include "git-gate/git_command.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

namespace botbottle::git_gate {
namespace {

using control::Descriptor;

constexpr std::size_t kMaxOutput = std::size_t{64} * 1024;
constexpr std::size_t kMaxLine = 4096;

// $PPID is git, which inherited the descriptors 3 and 4. ssh itself closes all that it inherits,
// and opens these through git's entry in /proc: a key that lies in no file.
constexpr const char* kSsh =
    "ssh -T -F none -i /proc/$PPID/fd/3 -o UserKnownHostsFile=/proc/$PPID/fd/4"
    " -o GlobalKnownHostsFile=/dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes"
    " -o IdentitiesOnly=yes -o IdentityAgent=none -o PreferredAuthentications=publickey"
    " -o CheckHostIP=no -o VerifyHostKeyDNS=no -o UpdateHostKeys=no -o ClearAllForwardings=yes"
    " -o ForwardAgent=no -o ControlMaster=no -o ControlPath=none -o PermitLocalCommand=no"
    " -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 -o LogLevel=ERROR";

// A file without a name, readable by this user alone, that can no longer change.
Result<Descriptor> memory_file(std::string_view content) {
    const auto cannot = [] {
        return failure("child",
                       std::string("cannot hold a file in memory: ") + std::strerror(errno));
    };
    Descriptor file(memfd_create("botbottle", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file || fchmod(file.get(), 0600) != 0) return cannot();
    while (!content.empty()) {
        const ssize_t count = write(file.get(), content.data(), content.size());
        if (count <= 0) return cannot();
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) !=
        0)
        return cannot();
    return file;
}

// Cuts what a program writes into lines; a longer one is cut.
class Lines {
  public:
    explicit Lines(std::function<void(std::string_view)> on_line) : on_line_(std::move(on_line)) {}

    void add(std::string_view piece) {
        if (output_.size() < kMaxOutput) output_ += piece.substr(0, kMaxOutput - output_.size());
        if (!on_line_) return;
        for (const char c : piece) {
            if (c != '\n' && c != '\r') line_ += c;
            if (c == '\n' || c == '\r' || line_.size() >= kMaxLine) flush();
        }
    }
    std::string finish() {
        if (on_line_) flush();
        return std::move(output_);
    }

  private:
    void flush() {
        if (!line_.empty()) on_line_(line_);
        line_.clear();
    }

    std::function<void(std::string_view)> on_line_;
    std::string line_;
    std::string output_;
};

}  // namespace

std::vector<std::string> git_environment(const GitHome& home) {
    return {std::string("PATH=") + kPath,
            "HOME=" + home.directory,
            "LC_ALL=C.UTF-8",
            "GIT_CONFIG_NOSYSTEM=1",
            "GIT_CONFIG_GLOBAL=/dev/null",
            "GIT_TERMINAL_PROMPT=0",
            "GIT_ASKPASS=false",
            "GIT_ADVICE=0",
            "GIT_ALLOW_PROTOCOL=ssh"};
}

Task<Result<GitOutcome>> run_git(const GitHome& home, const std::string& directory,
                                 const GitCommand& command,
                                 const std::function<void(std::string_view)>& on_line) {
    ChildPlan plan;
    plan.argv = {"git"};
    plan.argv.insert(plan.argv.end(), command.words.begin(), command.words.end());
    plan.environment = git_environment(home);
    plan.environment.insert(plan.environment.end(), command.environment.begin(),
                            command.environment.end());
    plan.directory = directory;
    auto pipe = make_pipe();
    if (!pipe) co_return tl::make_unexpected(pipe.error());
    plan.descriptors = {-1, pipe->write.get(), pipe->write.get()};
    std::optional<Descriptor> key;
    std::optional<Descriptor> known_hosts;
    if (command.upstream != nullptr) {
        const Repo& repo = *command.upstream;
        auto key_file = memory_file(repo.key.reveal());
        if (!key_file) co_return tl::make_unexpected(key_file.error());
        auto hosts_file = memory_file(repo.host_name + ' ' + repo.host_key + '\n');
        if (!hosts_file) co_return tl::make_unexpected(hosts_file.error());
        key = *std::move(key_file);
        known_hosts = *std::move(hosts_file);
        plan.descriptors.insert(plan.descriptors.end(), {key->get(), known_hosts->get()});
        plan.environment.emplace_back(std::string("GIT_SSH_COMMAND=") + kSsh);
        plan.environment.emplace_back("GIT_SSH_VARIANT=ssh");
    }
    plan.descriptors.push_back(home.lock);
    auto child = Child::start(home.io, plan);
    if (!child) co_return tl::make_unexpected(child.error());
    key.reset();
    known_hosts.reset();
    pipe->write.reset();

    asio::posix::basic_stream_descriptor<Executor> output(home.io, pipe->read.release());
    Lines lines(on_line);
    std::array<char, 16384> piece;
    for (;;) {
        const auto [error, size] = co_await output.async_read_some(asio::buffer(piece), kAwait);
        if (error) break;
        lines.add({piece.data(), size});
    }
    GitOutcome outcome;
    outcome.code = co_await (*child)->wait();
    outcome.output = lines.finish();
    co_return outcome;
}

}  // namespace botbottle::git_gate
