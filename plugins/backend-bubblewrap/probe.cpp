#include "probe.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bottle_limits.h"
#include "diagnosis.h"
#include "host-bottle/fail.h"
#include "host-bottle/filter.h"
#include "host-bottle/host_user.h"
#include "host-bottle/process.h"
#include "host-bottle/version.h"

namespace backend_bubblewrap {
namespace {

constexpr const char* kPlaces[] = {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"};
constexpr const char* kInstallHint =
    "install bubblewrap 0.8.0 or newer (apt install bubblewrap, dnf install bubblewrap)";
constexpr Version kOldestBwrap = {0, 8};

class Checks {
  public:
    void passed(const char* name, const std::string& message) { add(name, true, message, ""); }
    void failed(const char* name, const std::string& message, const std::string& hint) {
        add(name, false, message, hint);
    }
    bool all_ok() const { return all_ok_; }
    Json take() { return std::move(checks_); }

  private:
    void add(const char* name, bool ok, const std::string& message, const std::string& hint) {
        checks_.push_back({{"name", name}, {"ok", ok}, {"message", message}, {"hint", hint}});
        all_ok_ = all_ok_ && ok;
    }
    Json checks_ = Json::array();
    bool all_ok_ = true;
};

std::string version_of(const std::string& bwrap) {
    Program program;
    program.argv = {bwrap, "--version"};
    std::string output = run_program(program).output;
    output.erase(output.find_last_not_of('\n') + 1);
    const std::size_t space = output.rfind(' ');
    return space == std::string::npos ? output : output.substr(space + 1);
}

bool is_recent(const std::string& text) {
    const auto version = parse_version(text);
    return version && version->at_least(kOldestBwrap);
}

// A bottle in small: the namespaces, the filter and the drop of privileges of a real one.
ProgramResult try_isolation(const std::string& bwrap, int filter) {
    Program program;
    program.argv = {bwrap};
    const auto add = [&](std::initializer_list<const char*> words) {
        program.argv.insert(program.argv.end(), words.begin(), words.end());
    };
    if (!is_host_root())
        add({"--unshare-user", "--uid", "1000", "--gid", "1000", "--disable-userns"});
    add({"--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
         "--as-pid-1", "--new-session", "--clearenv", "--cap-drop", "ALL", "--seccomp"});
    program.argv.push_back(std::to_string(filter));
    add({"--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", "/usr/bin/cat",
         "/proc/net/dev", "/proc/self/status"});
    program.descriptors = {filter};
    return run_program(program);
}

bool loopback_only(const std::string& output) {
    const std::string interfaces = output.substr(0, output.find("Name:"));
    // Two lines of headings, then one for each interface.
    return std::count(interfaces.begin(), interfaces.end(), '\n') == 3 &&
           interfaces.find(" lo:") != std::string::npos;
}

void check_isolation(const std::string& bwrap, Checks& checks) {
    const UniqueFd filter = build_filter();
    const ProgramResult tried = try_isolation(bwrap, filter.get());
    if (tried.exit_code != 0) {
        const OperationError error = diagnose(tried.errors);
        checks.failed("namespaces", error.message(), error.hint());
        return;
    }
    checks.passed("namespaces", "user, pid, network, ipc and uts namespaces can be made");
    if (loopback_only(tried.output)) {
        checks.passed("network", "a bottle has the loopback interface and no other");
    } else {
        checks.failed("network", "a new network namespace has more than a loopback interface", "");
    }
    if (tried.output.find("\nSeccomp:\t2\n") != std::string::npos) {
        checks.passed("seccomp", "the system call filter is in force");
    } else {
        checks.failed("seccomp", "the kernel did not apply the system call filter",
                      "use a kernel with CONFIG_SECCOMP_FILTER");
    }
    if (tried.output.find("\nCapEff:\t0000000000000000\n") != std::string::npos) {
        checks.passed("capabilities", "a bottle has none");
    } else {
        checks.failed("capabilities", "a bottle would keep capabilities", "");
    }
}

void check_programs(const std::string& libexec, Checks& checks) {
    for (const char* const name : {"botbottle-relay", "botbottle-session"}) {
        const std::string path = libexec + "/" + name;
        if (access(path.c_str(), X_OK) == 0) continue;
        checks.failed("installation", path + " is missing", "install botbottle again");
        return;
    }
    checks.passed("installation", "relay and session client are installed");
}

}  // namespace

std::string find_bwrap() {
    for (const char* const path : kPlaces) {
        if (access(path, X_OK) == 0) return path;
    }
    fail_unavailable("no_bwrap", "bubblewrap is not installed", kInstallHint);
}

Json probe(const Json& request) {
    Checks checks;
    std::string version;
    check_programs(absolute_path(request, "libexec_dir"), checks);
    try {
        const std::string bwrap = find_bwrap();
        version = version_of(bwrap);
        if (is_recent(version)) {
            checks.passed("bwrap", bwrap + " " + version);
        } else {
            checks.failed("bwrap", bwrap + " " + version + " is too old", kInstallHint);
        }
        check_isolation(bwrap, checks);
    } catch (const OperationError& error) {
        checks.failed("bwrap", error.message(), error.hint());
    }
    return {{"usable", checks.all_ok()},
            {"version", version},
            {"checks", checks.take()},
            {"limits",
             {{"cpus", false},
              {"memory", false},
              {"pids", pids_limit_holds(!is_host_root())},
              {"disk", false}}}};
}

}  // namespace backend_bubblewrap
