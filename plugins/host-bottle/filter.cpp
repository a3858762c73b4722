// A deny list over "allow": what reaches out of a namespace, changes one, inspects another process,
// or is a door into the kernel that no agent needs. It is the second wall: the first is that the
// bottle has no capability, no device, no network and no file of the host. Denials are EPERM, so
// that a program can say what it missed, and ENOSYS where a library then falls back to an older
// call.
#include "filter.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fail.h"

namespace host_bottle {
namespace {

// The newest system call that was looked at for this list: removexattrat, Linux 6.13. Younger ones
// do not exist in a bottle. The number is the same on every architecture (asm-generic and x86_64
// agree from 424 on).
constexpr std::uint32_t kNewestCall = 466;

// Refused whatever the arguments are.
constexpr const char* kDenied[] = {
    // Other processes' memory and descriptors.
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_getfd",
    "move_pages",
    "migrate_pages",
    // Mounts and roots.
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    // Files by handle: a way around every mount namespace (the "shocker" escape).
    "name_to_handle_at",
    "open_by_handle_at",
    // Namespaces. clone and unshare are judged by their flags below.
    "setns",
    // Keyrings know nothing of namespaces: they would show the operator's keys.
    "add_key",
    "keyctl",
    "request_key",
    // Large attack surfaces.
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "fanotify_init",
    "modify_ldt",
    "lookup_dcookie",
    "uselib",
    // The machine itself. All need a capability that is not there; a bug in one should not matter.
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "reboot",
    "swapon",
    "swapoff",
    "sethostname",
    "setdomainname",
    "quotactl",
    "quotactl_fd",
    "acct",
    "nfsservctl",
    "iopl",
    "ioperm",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "vhangup",
    // The kernel's log speaks of the host.
    "syslog",
};

constexpr std::uint64_t kNamespaceFlags[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                             CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
                                             CLONE_NEWNET};
// Part of the exit signal in clone, so only unshare has it.
constexpr std::uint64_t kNewTime = 0x00000080;

// TIOCSTI types into a terminal, TIOCLINUX pastes into one, TIOCSETD loads kernel modules.
constexpr std::uint32_t kDeniedTerminalCalls[] = {TIOCSTI, TIOCLINUX, TIOCSETD};

class Filter {
  public:
    Filter() : context_(seccomp_init(SCMP_ACT_ALLOW)) {
        if (!context_) fail("seccomp", "seccomp_init failed");
        // Calls of another architecture or of x32 have other numbers, so every rule would miss
        // them.
        const int error =
            seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (error != 0) fail_errno("seccomp_attr_set", -error);
    }

    // Refuses the call when all conditions hold. With reason 0 it succeeds, and does nothing.
    void deny(const char* call, int reason, const std::vector<scmp_arg_cmp>& conditions = {}) {
        const int number = seccomp_syscall_resolve_name(call);
        if (number == __NR_SCMP_ERROR) fail("seccomp", std::string("libseccomp lacks ") + call);
        const int error = seccomp_rule_add_array(
            context_.get(), SCMP_ACT_ERRNO(static_cast<std::uint32_t>(reason)), number,
            static_cast<unsigned>(conditions.size()), conditions.data());
        if (error != 0) fail_errno(std::string("seccomp rule for ") + call, -error);
    }

    void append_to(int fd) const {
        const int error = seccomp_export_bpf(context_.get(), fd);
        if (error != 0) fail_errno("seccomp_export_bpf", -error);
    }

  private:
    struct Release {
        void operator()(void* context) const { seccomp_release(context); }
    };
    std::unique_ptr<void, Release> context_;
};

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
    return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp differs(unsigned argument, std::uint64_t value) {
    return {argument, SCMP_CMP_NE, value, 0};
}
scmp_arg_cmp at_least(unsigned argument, std::uint64_t value) {
    return {argument, SCMP_CMP_GE, value, 0};
}
// Only the bits of the mask count. Where the kernel reads 32 bits of an argument, comparing all 64
// lets any value through that has a bit set above (CVE-2019-10063).
scmp_arg_cmp masked(unsigned argument, std::uint64_t mask, std::uint64_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

// For an argument that the kernel reads 32 bits of.
scmp_arg_cmp equals_word(unsigned argument, std::uint32_t value) {
    return masked(argument, 0xffffffffu, value);
}

void deny_namespaces(Filter& filter) {
    for (const std::uint64_t flag : kNamespaceFlags) {
        filter.deny("clone", EPERM, {masked(0, flag, flag)});
        filter.deny("unshare", EPERM, {masked(0, flag, flag)});
    }
    filter.deny("unshare", EPERM, {masked(0, kNewTime, kNewTime)});
    // Its flags are in memory, where no filter can read them. libc falls back to clone.
    filter.deny("clone3", ENOSYS);
}

// Unix, IPv4 and IPv6 stay: streams and datagrams over TCP and UDP. All others are kernel modules
// that a socket call would load, or, like vsock and some netlink families, know nothing of
// namespaces.
void deny_sockets(Filter& filter) {
    // The kernel reads 32 bits; a value with more set falls under at_least and is refused.
    constexpr std::uint64_t kLastFamily = AF_INET6;
    for (std::uint64_t family = 0; family <= kLastFamily; ++family) {
        if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
        filter.deny("socket", EAFNOSUPPORT, {equals(0, family)});
    }
    filter.deny("socket", EAFNOSUPPORT, {at_least(0, kLastFamily + 1)});

    constexpr std::uint64_t kTypeMask = 0xf;  // the rest are SOCK_CLOEXEC and SOCK_NONBLOCK
    for (const std::uint64_t type : {SOCK_RAW, SOCK_RDM, SOCK_DCCP, SOCK_PACKET}) {
        filter.deny("socket", EPERM, {masked(1, kTypeMask, type)});
    }
    // Of the internet's, that is SCTP, also without naming the protocol.
    for (const std::uint64_t family : {AF_INET, AF_INET6}) {
        filter.deny("socket", ESOCKTNOSUPPORT,
                    {equals(0, family), masked(1, kTypeMask, SOCK_SEQPACKET)});
    }
    constexpr std::uint64_t kTcp = 6;
    constexpr std::uint64_t kUdp = 17;
    for (std::uint64_t protocol = 1; protocol < kUdp; ++protocol) {
        if (protocol != kTcp) filter.deny("socket", EPROTONOSUPPORT, {equals(2, protocol)});
    }
    filter.deny("socket", EPROTONOSUPPORT, {at_least(2, kUdp + 1)});
    filter.deny("socketpair", EAFNOSUPPORT, {differs(0, AF_UNIX)});
    // Layers on top of TCP (kernel TLS, SMC, ESP in TCP), which every TLS library does without.
    filter.deny("setsockopt", ENOPROTOOPT, {equals_word(1, IPPROTO_TCP), equals_word(2, TCP_ULP)});
}

void deny_by_argument(Filter& filter) {
    for (const std::uint32_t call : kDeniedTerminalCalls) {
        filter.deny("ioctl", EPERM, {equals_word(1, call)});
    }
    // Asking for the personality is harmless; each other value weakens the process.
    filter.deny("personality", EPERM, {differs(0, 0xffffffffu)});
    // Limits of another process: the relay has the user that the agent has, and would obey.
    filter.deny("prlimit64", EPERM, {differs(0, 0), differs(2, 0)});
    // Core dumps stay off (launch.cpp says why it takes a limit of 1). Programs that lower the
    // limit themselves give up when they cannot.
    filter.deny("setrlimit", 0, {equals_word(0, RLIMIT_CORE)});
    filter.deny("prlimit64", 0, {equals(0, 0), equals_word(1, RLIMIT_CORE), differs(2, 0)});
}

// In front of libseccomp's program, which cannot compare call numbers.
void write_prefix(int fd) {
    const sock_filter prefix[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
#ifdef __x86_64__
        // x32 numbers are high; they go on to be killed as a foreign architecture.
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 2, 0),
#endif
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kNewestCall, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    if (write(fd, prefix, sizeof prefix) != sizeof prefix) fail_errno("the seccomp program");
}

}  // namespace

UniqueFd build_filter() {
    Filter filter;
    for (const char* const call : kDenied)
        filter.deny(call, EPERM);
    deny_namespaces(filter);
    deny_sockets(filter);
    deny_by_argument(filter);

    UniqueFd memfd(memfd_create("seccomp", MFD_CLOEXEC));
    if (!memfd) fail_errno("memfd_create");
    write_prefix(memfd.get());
    filter.append_to(memfd.get());
    if (lseek(memfd.get(), 0, SEEK_SET) != 0) fail_errno("the seccomp program");
    return memfd;
}

}  // namespace host_bottle
