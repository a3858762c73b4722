// What can be tried without a machine. That one boots, and that nothing gets out of it, is what
// `doctor --attack` and every launch show.
#include "probe.h"

#include <unistd.h>

#include "host-bottle/fail.h"
#include "platform.h"
#include "smolvm.h"

namespace backend_smolmachines {
namespace {

class Checks {
  public:
    void add(const char* name, bool ok, const std::string& message, const std::string& hint = {}) {
        checks_.push_back({{"name", name}, {"ok", ok}, {"message", message}, {"hint", hint}});
        all_ok_ = all_ok_ && ok;
    }
    bool all_ok() const { return all_ok_; }
    Json take() { return std::move(checks_); }

  private:
    Json checks_ = Json::array();
    bool all_ok_ = true;
};

void check_programs(const std::string& libexec, Checks& checks) {
    for (const char* const name :
         {"botbottle-relay", "botbottle-session", "botbottle-machine", kSessionProgram}) {
        const std::string path = libexec + "/" + name;
        if (access(path.c_str(), X_OK) == 0) continue;
        checks.add("installation", false, path + " is missing", "install botbottle again");
        return;
    }
    checks.add("installation", true,
               "relay, session client and the machine's helper are installed");
}

std::string check_smolvm(Checks& checks) {
    try {
        const Smolvm smolvm(require_smolvm(), nullptr);
        const SmolvmVersion version = smolvm.version();
        const Features features = smolvm.features();
        checks.add(
            "smolvm", true,
            smolvm.path() + " " + version.text() +
                (version < kSupported ? ", supported from " + kSupported.text() + " on" : "") +
                (features.user ? "" : "; no `exec --user`: images must run as root"));
        const std::size_t count = smolvm.machines().size();
        checks.add("machines", true,
                   "its list of machines can be read (" + std::to_string(count) + ")");
        return version.text();
    } catch (const OperationError& error) {
        checks.add("smolvm", false, error.message(), error.hint());
        return {};
    }
}

}  // namespace

Json probe(const Json& request) {
    Checks checks;
    check_programs(absolute_path(request, "libexec_dir"), checks);
    if (geteuid() == 0)
        checks.add("user", false, "smolvm gives root's machines to users of their own",
                   "run botbottle as an ordinary user");
    const HypervisorCheck hypervisor = check_hypervisor(kPlatform);
    checks.add("hypervisor", hypervisor.ok, hypervisor.message, hypervisor.hint);
    const std::string version = check_smolvm(checks);
    return {{"usable", checks.all_ok()},
            {"version", version},
            {"checks", checks.take()},
            {"limits", {{"cpus", true}, {"memory", true}, {"pids", true}, {"disk", false}}}};
}

}  // namespace backend_smolmachines
