#include "probe.h"

#include <unistd.h>

#include <string>

#include "engine.h"
#include "host-bottle/fail.h"

namespace backend_docker {
namespace {

constexpr std::chrono::milliseconds kQuick{10'000};

class Checks {
  public:
    void passed(const char* name, const std::string& message) { add(name, true, message, ""); }
    void failed(const char* name, const std::string& message, const std::string& hint) {
        add(name, false, message, hint);
    }
    bool all_ok() const { return all_ok_; }
    void append(const Json& checks, bool usable) {
        for (const Json& check : checks)
            checks_.push_back(check);
        all_ok_ = all_ok_ && usable;
    }
    Json take() { return std::move(checks_); }

  private:
    void add(const char* name, bool ok, const std::string& message, const std::string& hint) {
        checks_.push_back({{"name", name}, {"ok", ok}, {"message", message}, {"hint", hint}});
        all_ok_ = all_ok_ && ok;
    }
    Json checks_ = Json::array();
    bool all_ok_ = true;
};

bool has_option(const Json& info, const std::string& name) {
    for (const Json& option : info.value("SecurityOptions", Json::array())) {
        const std::string text = option.is_string() ? option.get<std::string>() : "";
        if (text == name || text.starts_with(name + ",")) return true;
    }
    return false;
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

Json checks_of_info(const Json& info, bool& usable) {
    Checks checks;
    const std::string system = info.value("OperatingSystem", std::string());
    if (system.find("Docker Desktop") != std::string::npos) {
        checks.failed("local",
                      "Docker Desktop runs its containers in a virtual machine, where a "
                      "bottle's sockets cannot be reached",
                      "use an engine of this machine (apt install docker.io)");
    } else if (info.value("OSType", std::string("linux")) != "linux") {
        checks.failed("local", "the engine runs no Linux containers", "");
    } else {
        checks.passed("local", "containers run on this machine's kernel");
    }
    // Under these a container's user is not the user whose directories are mounted.
    if (has_option(info, "name=rootless")) {
        checks.failed("user", "a rootless engine gives a bottle's files to another user",
                      "use the system's engine, or the bubblewrap backend, which needs no root");
    } else if (has_option(info, "name=userns")) {
        checks.failed("user", "the engine remaps users, so a bottle could not use its own files",
                      "start an engine without userns-remap, or use the bubblewrap backend");
    } else if (has_option(info, "name=selinux")) {
        checks.failed("user", "SELinux keeps the engine's containers from a bottle's directories",
                      "use the bubblewrap backend");
    } else {
        checks.passed("user", "a bottle's user is the owner of its files");
    }
    usable = checks.all_ok();
    return checks.take();
}

Json probe(const Json& request) {
    Checks checks;
    std::string version;
    Json info = Json::object();
    check_programs(absolute_path(request, "libexec_dir"), checks);
    try {
        Engine engine(default_endpoint(), nullptr);
        const EngineVersion& found = engine.version();
        version = found.version;
        checks.passed("engine", found.name + " " + found.version + " at " + engine.endpoint().text +
                                    ", API " + found.api);
        Call call;
        call.method = "GET";
        call.path = "/info";
        call.timeout = kQuick;
        info = engine.ask("describe itself", call);
        bool usable = true;
        const Json of_info = checks_of_info(info, usable);
        checks.append(of_info, usable);
    } catch (const OperationError& error) {
        checks.failed("engine", error.message(), error.hint());
    }
    return {{"usable", checks.all_ok()},
            {"version", version},
            {"checks", checks.take()},
            {"limits",
             {{"cpus", info.value("CpuCfsQuota", false)},
              {"memory", info.value("MemoryLimit", false)},
              {"pids", info.value("PidsLimit", false)},
              {"disk", false}}}};
}

}  // namespace backend_docker
