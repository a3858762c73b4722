// Mounts, in an order that matters: what is bound later must be seen while it is bound, and
// /opt/botbottle is covered last.
#include "machine/view.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "control/descriptor.h"
#include "machine/layout.h"

namespace botbottle::machine {
namespace {

using control::Descriptor;

// Writable, lost at the end, and counted like memory of the bottle's processes.
constexpr const char* kTemporary = "mode=1777,size=2147483648";
constexpr const char* kRun = "mode=1777,size=16777216";
constexpr const char* kOwnRun = "mode=0755,size=65536";
constexpr const char* kEmpty = "mode=0555,size=4096";

// What of /proc shows the machine, whoever asks.
constexpr const char* kMaskedFiles[] = {
    "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
    "/proc/interrupts", "/proc/cmdline",     "/proc/key-users"};
constexpr const char* kMaskedDirectories[] = {"/proc/asound", "/proc/acpi", "/proc/scsi", "/sys"};
constexpr const char* kReadOnly[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/proc/pressure"};
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};
// In the place of the image's own, each if the backend made it.
constexpr const char* kNameFiles[] = {"passwd",        "group",     "hosts",      "hostname",
                                      "nsswitch.conf", "host.conf", "resolv.conf"};
constexpr const char* kTrustDirectories[] = {"botbottle", "ssl/certs"};

tl::unexpected<Error> refused(const std::string& what) {
    return failure("view", what + ": " + std::strerror(errno));
}

bool exists(const std::string& path) {
    struct stat status = {};
    return lstat(path.c_str(), &status) == 0;
}

// A directory to mount on, and those above it. The machine's root is ours, not the agent's.
Result<void> make_directory(const std::string& path) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1))
        mkdir(path.substr(0, slash).c_str(), 0755);
    if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return refused(path);
    struct stat status = {};
    if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return refused(path);
    return {};
}

// A file to mount on. An image may have a link there (resolv.conf), which would lead the mount
// away.
Result<void> make_file(const std::string& path) {
    struct stat status = {};
    if (lstat(path.c_str(), &status) == 0) {
        if (S_ISREG(status.st_mode)) return {};
        if (unlink(path.c_str()) != 0) return refused(path);
    }
    const Descriptor made(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!made) return refused(path);
    return {};
}

Result<void> mount_at(const char* type, const std::string& path, unsigned long flags,
                      const char* options) {
    if (mount(type, path.c_str(), type, flags, options) != 0)
        return refused(std::string(type) + " at " + path);
    return {};
}

Result<void> mount_tmpfs(const std::string& path, unsigned long flags, const char* options) {
    if (auto made = make_directory(path); !made) return made;
    return mount_at("tmpfs", path, flags | MS_NOSUID | MS_NODEV, options);
}

// More flags on a mount. Those that it has already stay: who mounted it may have locked them.
Result<void> restrict_mount(const std::string& path, unsigned long flags) {
    struct statvfs status = {};
    if (statvfs(path.c_str(), &status) != 0) return refused(path);
    const struct {
        unsigned long seen;
        unsigned long flag;
    } kept[] = {{ST_RDONLY, MS_RDONLY},
                {ST_NOSUID, MS_NOSUID},
                {ST_NODEV, MS_NODEV},
                {ST_NOEXEC, MS_NOEXEC}};
    for (const auto& one : kept) {
        if ((status.f_flag & one.seen) != 0) flags |= one.flag;
    }
    if (mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) != 0)
        return refused("remounting " + path);
    return {};
}

// MS_BIND takes no other flags: they come with a second call.
Result<void> mount_bind(const std::string& source, const std::string& target, unsigned long flags) {
    if (mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
        return refused("binding " + target);
    return restrict_mount(target, flags);
}

Result<void> seal(const std::string& path, unsigned long flags) {
    return restrict_mount(path, MS_RDONLY | flags);
}

Result<void> make_etc() {
    for (const char* const name : kNameFiles) {
        const std::string source = std::string(kEtc) + "/" + name;
        const std::string target = std::string("/etc/") + name;
        if (!exists(source)) continue;
        if (auto made = make_file(target); !made) return made;
        if (auto bound = mount_bind(source, target, MS_RDONLY | MS_NOSUID | MS_NODEV); !bound)
            return bound;
    }
    for (const char* const name : kTrustDirectories) {
        const std::string target = std::string("/etc/") + name;
        if (auto made = make_directory(target); !made) return made;
        if (auto bound = mount_bind(std::string(kEtc) + "/" + name, target,
                                    MS_RDONLY | MS_NOSUID | MS_NODEV);
            !bound)
            return bound;
    }
    return {};
}

Result<void> make_devices() {
    // Beside the old /dev first: its devices are the source.
    const std::string place = "/run/dev";
    if (auto made = mount_tmpfs(place, MS_NOEXEC, "mode=0755,size=65536"); !made) return made;
    for (const char* const name : kDevices) {
        const std::string target = place + "/" + name;
        if (auto made = make_file(target); !made) return made;
        if (auto bound = mount_bind(std::string("/dev/") + name, target, MS_NOSUID | MS_NOEXEC);
            !bound)
            return bound;
    }
    for (const char* const name : {"/pts", "/shm", "/mqueue"})
        mkdir((place + name).c_str(), 0755);
    if (auto made = mount_at("devpts", place + "/pts", MS_NOSUID | MS_NOEXEC,
                             "newinstance,ptmxmode=0666,mode=0620");
        !made)
        return made;
    if (auto made = mount_tmpfs(place + "/shm", MS_NOEXEC, "mode=1777,size=536870912"); !made)
        return made;
    const struct {
        const char* target;
        const char* name;
    } links[] = {{"pts/ptmx", "ptmx"},
                 {"/proc/self/fd", "fd"},
                 {"/proc/self/fd/0", "stdin"},
                 {"/proc/self/fd/1", "stdout"},
                 {"/proc/self/fd/2", "stderr"}};
    for (const auto& link : links) {
        if (symlink(link.target, (place + "/" + link.name).c_str()) != 0) return refused(link.name);
    }
    if (mount(place.c_str(), "/dev", nullptr, MS_MOVE, nullptr) != 0) return refused("/dev");
    return seal("/dev", MS_NOSUID | MS_NOEXEC);
}

Result<void> make_proc() {
    // Over the machine's: its own processes are seen there, the bottle's are here.
    if (auto mounted = mount_at("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
        !mounted)
        return mounted;
    for (const char* const path : kMaskedFiles) {
        if (!exists(path)) continue;
        if (auto bound = mount_bind("/dev/null", path, MS_RDONLY | MS_NOSUID | MS_NOEXEC); !bound)
            return bound;
    }
    for (const char* const path : kMaskedDirectories) {
        if (!exists(path)) continue;
        if (auto made =
                mount_at("tmpfs", path, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, kEmpty);
            !made)
            return made;
    }
    for (const char* const path : kReadOnly) {
        if (!exists(path)) continue;
        if (auto bound = mount_bind(path, path, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
            !bound)
            return bound;
    }
    return {};
}

// The relay and the sockets, in a mount that the bottle's user can neither write nor move away.
Result<void> make_own_run() {
    if (auto made = mount_tmpfs("/run/botbottle", MS_NOEXEC, kOwnRun); !made) return made;
    if (auto made = make_file("/run/botbottle/relay"); !made) return made;
    if (auto bound = mount_bind(kRelay, "/run/botbottle/relay", MS_RDONLY | MS_NOSUID | MS_NODEV);
        !bound)
        return bound;
    if (auto made = make_directory("/run/botbottle/sockets"); !made) return made;
    if (auto bound = mount_bind(kSockets, "/run/botbottle/sockets",
                                MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
        !bound)
        return bound;
    return seal("/run/botbottle", MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

Result<void> raise(const char* family, int domain) {
    const Descriptor socket(::socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return refused(family);
    ifreq request = {};
    std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    if (ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return refused("lo");
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
    if (ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return refused("lo");
    return {};
}

}  // namespace

Result<void> leave_namespaces() {
    constexpr int kAll = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
    if (unshare(kAll) != 0) return refused("namespaces");
    if (unshare(CLONE_NEWCGROUP) != 0 && errno != EINVAL) return refused("a cgroup namespace");
    if (unshare(CLONE_NEWNET) != 0 && errno != EINVAL) return refused("a network namespace");
    return {};
}

Result<void> raise_loopback() {
    return raise("IPv4", AF_INET);
}

Result<void> make_view(const std::string& hostname) {
    if (sethostname(hostname.data(), hostname.size()) != 0) return refused("the host name");
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return refused("/");
    for (const char* const path : {"/home/agent", "/workspace", "/etc/botbottle", "/etc/ssl/certs",
                                   "/tmp", "/var/tmp", "/run", "/sys"}) {
        if (auto made = make_directory(path); !made) return made;
    }
    if (auto made = make_etc(); !made) return made;
    constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV;
    if (auto bound = mount_bind(kHome, "/home/agent", kPlain); !bound) return bound;
    if (auto bound = mount_bind(kWorkspace, "/workspace", kPlain); !bound) return bound;
    if (auto made = mount_tmpfs("/tmp", 0, kTemporary); !made) return made;
    if (auto made = mount_tmpfs("/var/tmp", 0, kTemporary); !made) return made;
    if (auto made = mount_tmpfs("/run", MS_NOEXEC, kRun); !made) return made;
    if (auto made = make_devices(); !made) return made;
    rmdir("/run/dev");
    if (auto made = make_proc(); !made) return made;
    if (auto made = make_own_run(); !made) return made;
    if (auto made = mount_tmpfs(kRoot, MS_RDONLY | MS_NOEXEC, kEmpty); !made) return made;
    return seal("/", 0);
}

}  // namespace botbottle::machine
