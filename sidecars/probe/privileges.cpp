// More rights than the bottle was given: namespaces, mounts, capabilities, set-user-id, terminals.
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>

#include "probe/attempts.h"

namespace botbottle::probe {
namespace {

struct Namespace {
    int flag;
    const char* name;
    const char* file;
};
constexpr Namespace kNamespaces[] = {
    {CLONE_NEWUSER, "user", "/proc/1/ns/user"},      {CLONE_NEWNET, "net", "/proc/1/ns/net"},
    {CLONE_NEWNS, "mnt", "/proc/1/ns/mnt"},          {CLONE_NEWPID, "pid", "/proc/1/ns/pid"},
    {CLONE_NEWIPC, "ipc", "/proc/1/ns/ipc"},         {CLONE_NEWUTS, "uts", "/proc/1/ns/uts"},
    {CLONE_NEWCGROUP, "cgroup", "/proc/1/ns/cgroup"}};

Finding unshares() {
    for (const Namespace& kind : kNamespaces) {
        if (unshare(kind.flag) == 0)
            return escaped(std::string("unshared the ") + kind.name + " namespace");
    }
    return blocked(with_errno("unshare, every kind"));
}

Finding clones() {
    for (const Namespace& kind : kNamespaces) {
        const long child =
            syscall(SYS_clone, kind.flag | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
        if (child == 0) _exit(0);
        if (child < 0) continue;
        waitpid(static_cast<pid_t>(child), nullptr, 0);
        return escaped(std::string("cloned into a new ") + kind.name + " namespace");
    }
    return blocked(with_errno("clone, every kind"));
}

// A filter on clone's flags cannot see clone3's: they are in memory.
Finding clones_by_struct() {
    struct {
        unsigned long long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } arguments = {};
    arguments.flags = CLONE_NEWUSER;
    arguments.exit_signal = SIGCHLD;
    const long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(0);
    if (child > 0) waitpid(static_cast<pid_t>(child), nullptr, 0);
    return must_fail("clone3 with a new user namespace", child);
}

Finding enters() {
    std::string last;
    for (const Namespace& kind : kNamespaces) {
        const int fd = open(kind.file, O_RDONLY);
        if (fd < 0) {
            last = with_errno(kind.file);
            continue;
        }
        if (setns(fd, 0) == 0) return escaped(std::string("entered ") + kind.file);
        last = with_errno(std::string("setns ") + kind.file);
    }
    return blocked(last);
}

// Every call here has arguments that are refused after the permission was checked, so that nothing
// is mounted even where it could be.
Finding mounts() {
    return first_escape({
        refused("mount", mount("none", "/", "botbottle-no-such-filesystem", 0, nullptr)),
        refused("umount", umount2("/proc/self/status", 0)),
        refused("pivot_root", syscall(SYS_pivot_root, "", "")),
        refused("fsopen", syscall(SYS_fsopen, "botbottle-no-such-filesystem", 0)),
        refused("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */)),
    });
}

Finding opens_by_handle() {
    // struct file_handle with eight bytes of handle: the inode and generation of an ext4 file.
    struct {
        unsigned size;
        int type;
        unsigned char bytes[8];
    } handle = {8, 1, {2 /* the inode of most roots */}};
    const int root = open("/", O_RDONLY);
    return refused("open_by_handle_at", syscall(SYS_open_by_handle_at, root, &handle, O_RDONLY));
}

std::string status_field(const std::string& key) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.compare(0, key.size() + 1, key + ":") == 0)
            return line.substr(line.find_first_not_of(" \t", key.size() + 1));
    }
    return "";
}

Finding capabilities() {
    for (const char* kind : {"CapEff", "CapPrm", "CapInh", "CapAmb"}) {
        const std::string value = status_field(kind);
        if (value.find_first_not_of('0') != std::string::npos)
            return escaped(std::string(kind) + " is " + value);
    }
    return blocked("no capability is held");
}

Finding no_filter() {
    const std::string mode = status_field("Seccomp");
    return mode == "2" ? blocked("a seccomp filter is on") : escaped("Seccomp: " + mode);
}

Finding gains_by_setuid() {
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return escaped("no_new_privs is not set");
    if (getuid() != 0 && setuid(0) == 0) return escaped("setuid(0) succeeded");
    // Even a file of our own: chmod must not make it run as another.
    return blocked("no_new_privs is set, setuid(0) refused");
}

Finding types_into_terminal() {
    std::string last = "no terminal";
    const int terminal = open("/dev/tty", O_RDWR | O_NOCTTY);
    for (const int fd : {0, 1, 2, terminal}) {
        char space = ' ';
        if (fd < 0) continue;
        if (ioctl(fd, TIOCSTI, &space) == 0)
            return escaped("typed into descriptor " + std::to_string(fd));
        last = with_errno("TIOCSTI");
        // The upper half of the request is ignored by the kernel, not by a careless filter
        // (CVE-2019-10063).
        if (syscall(SYS_ioctl, fd, 0x100000000UL | TIOCSTI, &space) == 0)
            return escaped("typed by a widened TIOCSTI");
        char foreground_console = 12;
        if (ioctl(fd, 0x541C /* TIOCLINUX */, &foreground_console) == 0)
            return escaped("TIOCLINUX succeeded");
    }
    return blocked(last);
}

Finding other_abi() {
#ifdef __x86_64__
    // getpid of x32: a filter for x86-64 alone would not see it.
    const long pid = syscall(0x40000000 | SYS_getpid);
    return must_fail("a system call of the x32 ABI", pid);
#else
    return skipped("only on x86-64");
#endif
}

}  // namespace

const std::vector<Attempt>& privilege_attempts() {
    static const std::vector<Attempt> kAttempts = {
        {"unshare", "privileges", "make new namespaces by unshare", "",
         [](const Targets&) { return unshares(); }},
        {"clone", "privileges", "make new namespaces by clone", "",
         [](const Targets&) { return clones(); }},
        {"clone3", "privileges", "make a new user namespace by clone3", "",
         [](const Targets&) { return clones_by_struct(); }},
        {"setns", "privileges", "enter the namespaces of pid 1", "",
         [](const Targets&) { return enters(); }},
        {"mount", "privileges", "mount, remount, unmount, pivot_root", "",
         [](const Targets&) { return mounts(); }},
        {"chroot", "privileges", "chroot", "",
         [](const Targets&) { return must_fail("chroot", chroot("/tmp")); }},
        {"file-handles", "privileges", "open files of the host by handle", "",
         [](const Targets&) { return opens_by_handle(); }},
        {"capabilities", "privileges", "hold a capability", "",
         [](const Targets&) { return capabilities(); }},
        {"setuid", "privileges", "gain rights from a set-user-id program", "",
         [](const Targets&) { return gains_by_setuid(); }},
        {"seccomp", "privileges", "run without a seccomp filter", "",
         [](const Targets&) { return no_filter(); }},
        {"other-abi", "privileges", "call the kernel by another ABI, past the filter", "",
         [](const Targets&) { return other_abi(); }},
        {"terminal-input", "privileges", "type into a terminal (TIOCSTI)", "",
         [](const Targets&) { return types_into_terminal(); }},
    };
    return kAttempts;
}

}  // namespace botbottle::probe
