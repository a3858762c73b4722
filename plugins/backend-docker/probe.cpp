#include "probe.h"

#include <sys/utsname.h>
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
    for (const char* const name :
         {"botbottle-relay", "botbottle-session", "botbottle-anchor", "botbottle-tether"}) {
        const std::string path = libexec + "/" + name;
        if (access(path.c_str(), X_OK) == 0) continue;
        checks.failed("installation", path + " is missing", "install botbottle again");
        return;
    }
    checks.passed("installation", "relay and session client are installed");
}

// The programs that go into the image are this machine's.
std::string architecture() {
    utsname system = {};
    return uname(&system) == 0 ? system.machine : "";
}

bool same_architecture(const std::string& theirs, const std::string& ours) {
    // Some engines say it as Go does.
    return theirs == ours || (theirs == "amd64" && ours == "x86_64") ||
           (theirs == "arm64" && ours == "aarch64");
}

// Nothing of this machine is mounted there, so it matters neither where the engine is nor as whom
// its containers run.
Json checks_of_bundle(const Json& info, bool& usable) {
    Checks checks;
    const std::string theirs = info.value("Architecture", std::string());
    if (info.value("OSType", std::string("linux")) != "linux") {
        checks.failed("bundle", "the engine runs no Linux containers", "");
    } else if (!same_architecture(theirs, architecture())) {
        checks.failed("bundle",
                      "the engine's machine is of another kind (" + theirs + ") than this one (" +
                          architecture() + "), whose relay goes into the image",
                      "use an engine of the same kind");
    } else {
        checks.passed("bundle", "what goes into the image runs on the engine's machine");
    }
    usable = checks.all_ok();
    return checks.take();
}

// What differs on Podman, tested with 4.3 of Debian 12.
std::string said_of_podman(Placement placement) {
    if (placement == Placement::host)
        return "all that Docker's engines can; bottles live on when its service ends or restarts";
    return "all that Docker's engines can, but a bottle's /etc/hosts has the names of the engine's "
           "machine, which Podman puts there";
}

Json info_of(Engine& engine) {
    Call call;
    call.method = "GET";
    call.path = "/info";
    call.timeout = kQuick;
    return engine.ask("describe itself", call);
}

}  // namespace

Json checks_of_info(const Json& info, Placement placement, bool& usable) {
    if (placement == Placement::bundle) return checks_of_bundle(info, usable);
    Checks checks;
    const std::string system = info.value("OperatingSystem", std::string());
    if (system.find("Docker Desktop") != std::string::npos) {
        checks.failed("local",
                      "Docker Desktop runs its containers in a virtual machine, where a "
                      "bottle's sockets cannot be reached",
                      "use --placement bundle, or an engine of this machine (apt install "
                      "docker.io)");
    } else if (info.value("OSType", std::string("linux")) != "linux") {
        checks.failed("local", "the engine runs no Linux containers", "");
    } else {
        checks.passed("local", "containers run on this machine's kernel");
    }
    // Under these a container's user is not the user whose directories are mounted.
    if (has_option(info, "name=rootless") || info.value("Rootless", false)) {  // Podman 4.3's word
        checks.failed("user", "a rootless engine gives a bottle's files to another user",
                      "use --placement bundle, the system's engine, or the bubblewrap backend, "
                      "which needs no root");
    } else if (has_option(info, "name=userns")) {
        checks.failed("user", "the engine remaps users, so a bottle could not use its own files",
                      "use --placement bundle, an engine without userns-remap, or the bubblewrap "
                      "backend");
    } else if (has_option(info, "name=selinux")) {
        checks.failed("user", "SELinux keeps the engine's containers from a bottle's directories",
                      "use --placement bundle, or the bubblewrap backend");
    } else {
        checks.passed("user", "a bottle's user is the owner of its files");
    }
    usable = checks.all_ok();
    return checks.take();
}

void refuse_unusable(Engine& engine) {
    bool usable = true;
    const Json checks = checks_of_info(info_of(engine), placement_for(engine.endpoint()), usable);
    for (const Json& check : checks) {
        if (check.at("ok").get<bool>()) continue;
        fail_unavailable("engine_unusable", check.at("message").get<std::string>(),
                         check.at("hint").get<std::string>());
    }
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
        const Placement placement = placement_for(engine.endpoint());
        if (found.name == kPodman) checks.passed("podman", said_of_podman(placement));
        info = info_of(engine);
        bool usable = true;
        const Json of_info = checks_of_info(info, placement, usable);
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
