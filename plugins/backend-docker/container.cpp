// Everything that an image or an engine's settings could decide is decided here, so that neither
// has a say: entry point, user, working directory, environment, health check, volumes' users.
#include "container.h"

#include <nlohmann/json.hpp>

#include "host-bottle/etc.h"

namespace backend_docker {
namespace {

constexpr long kNanosPerCpu = 1'000'000'000;
constexpr long kSharedMemory = 512L * 1024 * 1024;

// Writable, lost at the end, and counted like memory of the bottle's processes.
constexpr const char* kTemporary = "rw,exec,nosuid,nodev,mode=1777,size=2147483648";
constexpr const char* kRun = "rw,noexec,nosuid,nodev,mode=1777,size=16777216";
// In a mount of its own, which the bottle's user can neither write nor move away.
constexpr const char* kOwnRun = "ro,noexec,nosuid,nodev,mode=0755,size=65536";

// What of /proc and /sys shows the host, whoever asks. The first are the engine's own defaults,
// which naming any replaces.
constexpr const char* kMaskedPaths[] = {"/proc/asound",
                                        "/proc/acpi",
                                        "/proc/kcore",
                                        "/proc/keys",
                                        "/proc/latency_stats",
                                        "/proc/timer_list",
                                        "/proc/timer_stats",
                                        "/proc/sched_debug",
                                        "/proc/scsi",
                                        "/proc/interrupts",
                                        "/proc/cmdline",
                                        "/proc/key-users",
                                        "/sys"};
constexpr const char* kReadOnlyPaths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/proc/pressure"};

Json bind_mount(const std::string& source, const std::string& target, bool read_only) {
    return {{"Type", "bind"},
            {"Source", source},
            {"Target", target},
            {"ReadOnly", read_only},
            {"BindOptions", {{"Propagation", "rprivate"}}}};
}

// On the engine's side, removed with the container. Filled over its API, which writes to nothing
// else of a container that runs with a read-only root.
Json volume(const std::string& target, bool empty) {
    return {{"Type", "volume"}, {"Target", target}, {"VolumeOptions", {{"NoCopy", empty}}}};
}

Json bundle_mounts() {
    Json mounts = Json::array();
    for (const BundleVolume& one : kBundleVolumes)
        mounts.push_back(volume(one.path, !one.agent_owned));
    return mounts;
}

Json mounts_of(const ContainerPlan& plan) {
    const Bottle& bottle = plan.bottle;
    if (plan.handle.placement == Placement::bundle) return bundle_mounts();
    Json mounts = {bind_mount(bottle.relay(), kGuestRelay, true),
                   bind_mount(plan.sockets_dir, kGuestSockets, true),
                   bind_mount(launch_directory(bottle), kGuestLaunch, true),
                   bind_mount(bottle.home(), kGuestHome, false),
                   bind_mount(bottle.workspace(), kGuestWorkspace, false)};
    mounts.push_back(
        bind_mount(bottle.etc() + "/" + kResolvers, std::string("/etc/") + kResolvers, true));
    for (const char* const name : kNameFiles)
        mounts.push_back(bind_mount(bottle.etc() + "/" + name, std::string("/etc/") + name, true));
    for (const char* const name : kTrustDirectories)
        mounts.push_back(bind_mount(bottle.etc() + "/" + name, std::string("/etc/") + name, true));
    return mounts;
}

Json relay_command(const ContainerPlan& plan, const std::string& meeting,
                   const std::string& sockets) {
    Json words = {"--rendezvous", meeting};
    for (const Forward& forward : plan.forwards) {
        words.push_back("--forward");
        words.push_back(std::to_string(forward.port) + "=" + sockets + "/" + forward.socket);
    }
    return words;
}

// The anchor's, which become the relay's.
Json command_of(const ContainerPlan& plan) {
    if (plan.handle.placement == Placement::host)
        return relay_command(plan, std::string(kGuestLaunch) + "/" + kLaunchSocket, kGuestSockets);
    Json words = {std::string(kBundlePrograms) + "/botbottle-relay", "/tmp"};
    for (const Forward& forward : plan.forwards)
        words.push_back(forward.socket);
    words.push_back("--");
    const std::string names = kBundleNames;
    for (const Json& word : relay_command(plan, names + "/" + kLaunchSocket, names))
        words.push_back(word);
    return words;
}

Json ulimits_of(const ContainerPlan& plan) {
    // No core file, and no run of the host's crash handler as root on what the agent made: with a
    // program in core_pattern every limit but this one means nothing.
    Json limits = {{{"Name", "core"}, {"Soft", 1}, {"Hard", 1}}};
    for (const ResourceLimit& most : plan.most)
        limits.push_back({{"Name", most.name}, {"Soft", most.value}, {"Hard", most.value}});
    return limits;
}

// Podman knows of no paths to be masked but by this option, and takes some of the engines' own.
Json security_of(const ContainerPlan& plan) {
    Json options = {"no-new-privileges:true"};
    if (!plan.podman) return options;
    std::string paths;
    for (const char* const path : kMaskedPaths)
        paths.append(paths.empty() ? "" : ":").append(path);
    options.push_back("mask=" + paths + ":/proc/pressure");
    return options;
}

Json temporaries_of(const ContainerPlan& plan) {
    // Podman would copy in what the image has there, its modes among that.
    const std::string more = plan.podman ? ",notmpcopyup" : "";
    Json found = {{"/tmp", kTemporary + more},
                  {"/var/tmp", kTemporary + more},
                  {"/run", kRun + more},
                  {"/run/botbottle", kOwnRun + more}};
    // The sockets' directory is there, though in a bundle they have abstract names.
    if (plan.handle.placement == Placement::bundle) found[kGuestSockets] = kOwnRun + more;
    return found;
}

Json host_config(const ContainerPlan& plan) {
    const Limits limits = limits_from(plan.handle.limits);
    Json config = {
        {"NetworkMode", "none"},
        {"IpcMode", "private"},
        {"CgroupnsMode", "private"},
        {"Privileged", false},
        {"CapDrop", {"ALL"}},
        {"SecurityOpt", security_of(plan)},
        {"ReadonlyRootfs", true},
        {"Mounts", mounts_of(plan)},
        {"Tmpfs", temporaries_of(plan)},
        {"MaskedPaths", kMaskedPaths},
        {"ReadonlyPaths", kReadOnlyPaths},
        {"ShmSize", kSharedMemory},
        {"Ulimits", ulimits_of(plan)},
        {"PidsLimit", limits.pids},
        {"LogConfig", {{"Type", "none"}, {"Config", Json::object()}}},
        {"RestartPolicy", {{"Name", "no"}}},
        {"Init", false},
        {"AutoRemove", true},
    };
    // Where no file of ours covers the engine's, it is to name no resolver of the engine's machine.
    if (plan.handle.placement == Placement::bundle) {
        config["Dns"] = {"127.0.0.1"};
        config["DnsSearch"] = {"."};
    }
    if (limits.memory > 0) {
        config["Memory"] = limits.memory;
        config["MemorySwap"] = limits.memory;  // of both together: no swap besides
    }
    if (limits.cpus > 0) config["NanoCpus"] = static_cast<long>(limits.cpus * kNanosPerCpu);
    return config;
}

}  // namespace

Json container_document(const ContainerPlan& plan) {
    const std::string state_root = parent_of(plan.bottle.state_dir);
    const Owner owner = plan.handle.owner;
    const bool bundle = plan.handle.placement == Placement::bundle;
    return {
        {"Image", plan.handle.image},
        {"Hostname", plan.hostname},
        {"User", std::to_string(owner.uid) + ":" + std::to_string(owner.gid)},
        {"WorkingDir", "/"},
        {"Entrypoint",
         {bundle ? std::string(kBundlePrograms) + "/botbottle-anchor" : std::string(kGuestRelay)}},
        {"Cmd", command_of(plan)},
        {"Env", Json::array()},
        {"Healthcheck", {{"Test", {"NONE"}}}},
        {"NetworkDisabled", true},
        {"Tty", false},
        // The tether. When its other end goes, this end sees it, and ends.
        {"OpenStdin", bundle},
        {"StdinOnce", bundle},
        {"AttachStdin", bundle},
        {"AttachStdout", bundle},
        {"Labels",
         {{kIdentityLabel, plan.bottle.identity}, {kOwnerLabel, owner_label(state_root)}}},
        {"HostConfig", host_config(plan)}};
}

}  // namespace backend_docker
