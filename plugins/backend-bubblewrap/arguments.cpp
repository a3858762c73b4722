// Order matters to bwrap: mounts are made as they are named, so what is made read-only comes after
// what is mounted below it.
#include "arguments.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <set>

#include "host-bottle/etc.h"

namespace backend_bubblewrap {
namespace {

// Memory that a bottle can take by writing files; each is counted like memory of its processes.
constexpr const char* kTmpSize = "2147483648";
constexpr const char* kSharedMemorySize = "536870912";
constexpr const char* kRunSize = "16777216";

// Directories that are links into /usr on a merged-usr host and directories of their own elsewhere.
constexpr const char* kSystemDirectories[] = {"/bin",   "/sbin",  "/lib",
                                              "/lib32", "/lib64", "/libx32"};

// Files of /proc that show the host whoever asks. The rest of it is the bottle's own, or for uid 0
// only, which no bottle is.
constexpr const char* kMaskedProc[] = {"/proc/cmdline", "/proc/keys", "/proc/key-users",
                                       "/proc/latency_stats", "/proc/sched_debug"};

// Settings of the kernel that belong to the bottle's namespaces, and so to its user, and pressure
// triggers, which belong to everybody. Not all of /proc/sys: the host mounts things below it.
constexpr const char* kReadOnlyProc[] = {"/proc/sys/kernel", "/proc/sys/fs/mqueue",
                                         "/proc/pressure"};

class Arguments {
  public:
    template <typename... Words>
    void add(const Words&... words) {
        (words_.emplace_back(words), ...);
    }
    std::vector<std::string> take() { return std::move(words_); }

  private:
    std::vector<std::string> words_;
};

void add_isolation(Arguments& arguments, const LaunchPlan& plan) {
    if (plan.handle.user_namespace) {
        arguments.add("--unshare-user", "--uid", std::to_string(plan.handle.owner_inside().uid),
                      "--gid", std::to_string(plan.handle.owner_inside().gid));
        if (plan.disable_userns) arguments.add("--disable-userns");
    }
    arguments.add("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
                  "--unshare-cgroup-try", "--hostname", plan.hostname, "--as-pid-1",
                  "--new-session", "--clearenv", "--cap-drop", "ALL");
    if (!plan.handle.user_namespace) {
        // For the relay to become the bottle's user with; it gives them up before it listens
        // (docs/decisions/0002-root-bottles-run-unprivileged.md).
        for (const char* const capability : {"CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"}) {
            arguments.add("--cap-add", capability);
        }
    }
    arguments.add("--seccomp", std::to_string(plan.filter_fd));
    arguments.add("--info-fd", std::to_string(plan.info_fd));
}

void add_tmpfs(Arguments& arguments, const char* size, const char* mode, const char* path) {
    arguments.add("--size", size, "--perms", mode, "--tmpfs", path);
}

void add_system(Arguments& arguments, const LaunchPlan& plan) {
    arguments.add("--ro-bind", "/usr", "/usr");
    for (const char* const path : kSystemDirectories) {
        struct stat status = {};
        if (lstat(path, &status) != 0) continue;
        std::array<char, PATH_MAX> target = {};
        if (S_ISDIR(status.st_mode)) {
            arguments.add("--ro-bind", path, path);
        } else if (readlink(path, target.data(), target.size() - 1) > 0) {
            arguments.add("--symlink", target.data(), path);
        }
    }
    arguments.add("--ro-bind", plan.bottle.etc(), "/etc");
    for (const std::string& path : host_etc())
        arguments.add("--ro-bind", path, path);
}

void add_kernel(Arguments& arguments) {
    arguments.add("--proc", "/proc");
    for (const char* const path : kMaskedProc) {
        if (exists(path)) arguments.add("--ro-bind", "/dev/null", path);
    }
    for (const char* const path : kReadOnlyProc) {
        if (exists(path)) arguments.add("--ro-bind", path, path);
    }
    arguments.add("--dev", "/dev");
    add_tmpfs(arguments, kSharedMemorySize, "1777", "/dev/shm");
    // Else the bottle's user, who owns it, could put something else in the place of /dev/ptmx.
    arguments.add("--remount-ro", "/dev");
}

void add_temporary(Arguments& arguments) {
    add_tmpfs(arguments, kTmpSize, "1777", "/tmp");
    add_tmpfs(arguments, kTmpSize, "1777", "/var/tmp");
    add_tmpfs(arguments, kRunSize, "1777", "/run");
    arguments.add("--symlink", "../run", "/var/run");
}

// In a mount of its own, because a directory that is none could be moved away together with the
// mounts below it.
void add_sockets_and_relay(Arguments& arguments, const LaunchPlan& plan) {
    add_tmpfs(arguments, kRunSize, "0755", "/run/botbottle");
    arguments.add("--ro-bind", plan.sockets_dir, kGuestSockets);
    arguments.add("--ro-bind", plan.bottle.relay(), kGuestRelay);
    arguments.add("--remount-ro", "/run/botbottle");
}

// Named one by one, because those that bwrap makes on its own are closed to others, and root's
// bottles do not run as root.
void add_directories(Arguments& arguments, const ProgramView& program) {
    std::set<std::string> directories = {"/home", "/opt", "/var"};
    const auto add_parents = [&](const std::string& path) {
        for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
             slash = path.find('/', slash + 1)) {
            directories.insert(path.substr(0, slash));
        }
    };
    for (const auto& bind : program.binds)
        add_parents(bind.second);
    for (const auto& link : program.links)
        add_parents(link.second);
    for (const std::string& path : directories)
        arguments.add("--dir", path);
}

void add_program(Arguments& arguments, const ProgramView& program) {
    for (const auto& [source, target] : program.binds)
        arguments.add("--ro-bind", source, target);
    for (const auto& [target, path] : program.links)
        arguments.add("--symlink", target, path);
}

void add_relay_command(Arguments& arguments, const LaunchPlan& plan) {
    arguments.add("--", kGuestRelay, "--lease", std::to_string(plan.lease_fd), "--listen",
                  std::to_string(plan.listen_fd), "--pids", std::to_string(plan.handle.pids));
    for (const Forward& forward : plan.forwards) {
        arguments.add("--forward",
                      std::to_string(forward.port) + "=" + kGuestSockets + "/" + forward.socket);
    }
    if (!plan.handle.user_namespace) {
        arguments.add("--uid", std::to_string(plan.handle.owner.uid), "--gid",
                      std::to_string(plan.handle.owner.gid));
    }
}

}  // namespace

std::vector<std::string> bwrap_arguments(const LaunchPlan& plan) {
    Arguments arguments;
    arguments.add(plan.handle.bwrap);
    add_isolation(arguments, plan);
    add_system(arguments, plan);
    add_kernel(arguments);
    add_directories(arguments, plan.handle.program);
    add_temporary(arguments);
    add_sockets_and_relay(arguments, plan);
    arguments.add("--bind", plan.bottle.home(), kGuestHome);
    arguments.add("--bind", plan.bottle.workspace(), kGuestWorkspace);
    add_program(arguments, plan.handle.program);
    arguments.add("--remount-ro", "/", "--chdir", "/");
    add_relay_command(arguments, plan);
    return arguments.take();
}

}  // namespace backend_bubblewrap
