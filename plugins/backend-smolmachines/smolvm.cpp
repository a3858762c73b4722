#include "smolvm.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "host-bottle/fail.h"
#include "tool_error.h"

namespace backend_smolmachines {
namespace {

constexpr std::chrono::seconds kQuick{20};
constexpr std::chrono::seconds kStop{60};
constexpr std::chrono::milliseconds kRemovalPause{200};
constexpr int kRemovalTries = 3;

constexpr const char* kPassedOn[] = {
    "HOME",           "USER",   "LOGNAME",       "PATH",           "LANG",
    "LC_ALL",         "TMPDIR", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR"};

bool is_program(const std::string& path) {
    struct stat status = {};
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::string> find_smolvm() {
    const char* const path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "";
    while (!rest.empty()) {
        const std::size_t colon = rest.find(':');
        const std::string directory(rest.substr(0, colon));
        rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
        const std::string file = directory + "/smolvm";
        if (directory.starts_with('/') && is_program(file)) return file;
    }
    return std::nullopt;
}

std::string require_smolvm() {
    if (auto found = find_smolvm()) return *found;
    fail_unavailable(
        "no_smolvm", "there is no smolvm on PATH",
        "install smolvm " + kSupported.text() + " or newer (github.com/smol-machines/smolvm)");
}

std::vector<std::string> smolvm_environment() {
    std::vector<std::string> environment;
    for (const char* const name : kPassedOn) {
        if (const char* const value = std::getenv(name))
            environment.push_back(std::string(name) + "=" + value);
    }
    return environment;
}

void fail_tool(const std::string& step, const ProgramResult& result) {
    if (result.signal != 0)
        fail("smolvm_failed", "smolvm could not " + step + ": it was ended by signal " +
                                  std::to_string(result.signal));
    ToolError error = explain(step, result.exit_code, result.errors);
    fail(std::move(error.code), std::move(error.message), std::move(error.hint));
}

Smolvm::Smolvm(std::string path, const botbottle::plugin::Host* host)
    : path_(std::move(path)), environment_(smolvm_environment()), host_(host) {}

ProgramResult Smolvm::run(const std::string& step, const Words& words,
                          std::chrono::seconds timeout) const {
    Program program;
    program.argv = {path_};
    program.argv.insert(program.argv.end(), words.begin(), words.end());
    program.environment = environment_;
    program.timeout = timeout;
    if (host_ != nullptr) program.cancelled = [this] { return host_->cancelled(); };
    ProgramResult result = run_program(program);
    if (result.cancelled && host_ != nullptr) host_->throw_if_cancelled();
    if (result.timed_out) {
        fail("smolvm_timeout",
             "smolvm could not " + step + " in " + std::to_string(timeout.count()) + " s",
             "`smolvm machine ls` shows what there is; eight commands in one machine at a time are "
             "its limit");
    }
    constexpr int kNotStarted = 127;
    if (result.exit_code == kNotStarted && result.errors.empty())
        fail_unavailable("no_smolvm", path_ + " cannot be run", "install smolvm again");
    return result;
}

std::string Smolvm::ask(const std::string& step, const Words& words,
                        std::chrono::seconds timeout) const {
    ProgramResult result = run(step, words, timeout);
    if (result.exit_code != 0) fail_tool(step, result);
    return std::move(result.output);
}

SmolvmVersion Smolvm::version() const {
    const std::string text = ask("say its version", {"--version"}, kQuick);
    const auto version = parse_smolvm_version(text);
    if (!version)
        fail_unavailable("no_smolvm",
                         path_ + " is no smolvm: it calls itself \"" +
                             text.substr(0, text.find('\n')).substr(0, 60) + "\"",
                         "put smolvm first in PATH");
    if (*version < kOldest)
        fail_unavailable("smolvm_too_old",
                         "smolvm " + version->text() + " is too old: before " + kOldest.text() +
                             " its machines mix up their sockets and lose their labels",
                         "update it to " + kSupported.text() + " or newer");
    return *version;
}

Features Smolvm::features() const {
    const auto help = [&](const char* command) {
        return ask("explain itself", {"machine", command, "--help"}, kQuick);
    };
    const Features features = features_of(help("create"), help("start"), help("exec"));
    if (const std::string missing = missing_feature(features); !missing.empty())
        fail_unavailable("smolvm_too_old", "this smolvm has no `" + missing + "`",
                         "update it to " + kSupported.text() + " or newer");
    return features;
}

std::vector<Machine> Smolvm::machines() const {
    const std::string text = ask("list its machines", {"machine", "ls", "--json"}, kQuick);
    auto machines = parse_machines(text);
    if (!machines)
        fail("smolvm_incompatible",
             "smolvm lists its machines in a form that botbottle cannot read",
             "see `smolvm machine ls --json`; update botbottle");
    return std::move(*machines);
}

std::optional<Machine> Smolvm::find(const std::string& name) const {
    const ProgramResult result = run("look at the machine", status_words(name), kQuick);
    if (result.exit_code != 0) {
        if (says_not_found(result.errors)) return std::nullopt;
        fail_tool("look at the machine", result);
    }
    auto machine = parse_machine(result.output);
    if (!machine)
        fail("smolvm_incompatible",
             "smolvm describes a machine in a form that botbottle cannot read",
             "see `smolvm machine status --json -n " + name + "`; update botbottle");
    return machine;
}

void Smolvm::remove(const std::string& name) const {
    for (int left = kRemovalTries; left > 0; --left) {
        const ProgramResult result = run("remove the machine", delete_words(name), kStop);
        if (result.exit_code == 0 || says_not_found(result.errors)) return;
        if (left == 1) fail_tool("remove the machine " + name, result);
        std::this_thread::sleep_for(kRemovalPause);
    }
}

}  // namespace backend_smolmachines
