// The kernel's own surfaces: calls that configure the machine, and files that do.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string>

#include "probe/attempts.h"

namespace botbottle::probe {
namespace {

// Opens only: a file that could be written is an escape, and writing it could hurt the machine.
Finding none_opens(const std::vector<const char*>& paths, int flags) {
    std::string last = "nothing there";
    for (const char* path : paths) {
        const int fd = open(path, flags | O_NONBLOCK | O_NOCTTY);
        if (fd >= 0) return escaped(std::string("opened ") + path);
        if (errno != ENOENT || last == "nothing there") last = with_errno(path);
    }
    return blocked(last);
}

Finding bpf() {
    union bpf_attr attributes = {};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 4;
    attributes.max_entries = 1;
    return must_fail("bpf(BPF_MAP_CREATE)",
                     syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

Finding perf() {
    struct perf_event_attr attributes = {};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_CPU_CLOCK;
    attributes.exclude_kernel = 1;
    return must_fail("perf_event_open", syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

Finding io_uring() {
    struct io_uring_params parameters = {};
    return must_fail("io_uring_setup", syscall(SYS_io_uring_setup, 1, &parameters));
}

Finding keyring() {
    const long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
    if (id >= 0) return escaped("reached a session keyring");
    const std::string first = with_errno("keyctl");
    const long key =
        syscall(SYS_add_key, "user", "botbottle-probe", "x", 1, KEY_SPEC_PROCESS_KEYRING);
    return key >= 0 ? escaped("add_key succeeded") : blocked(first);
}

Finding modules() {
    return first_escape(
        {refused("init_module", syscall(SYS_init_module, nullptr, 0, "")),
         refused("finit_module", syscall(SYS_finit_module, -1, "", 0)),
         refused("delete_module", syscall(SYS_delete_module, "bbprobe", O_NONBLOCK))});
}

Finding machine_calls() {
    // Before the machine was started: no clock can be set to that.
    const struct timespec time = {0, 0};
    return first_escape({
        refused("reboot", syscall(SYS_reboot, 0, 0, 0, nullptr)),
        refused("kexec_load", syscall(SYS_kexec_load, 0, 0, nullptr, 0x8000 /* no such flag */)),
        refused("swapoff", syscall(SYS_swapoff, "/nonexistent")),
        refused("acct", syscall(SYS_acct, "/nonexistent")),
        refused("clock_settime", syscall(SYS_clock_settime, CLOCK_REALTIME, &time)),
        refused("sethostname", syscall(SYS_sethostname, "", -1)),
#ifdef SYS_iopl
        refused("iopl", syscall(SYS_iopl, 3)),
#endif
    });
}

Finding kernel_log() {
    char buffer[256];
    return must_fail("read the kernel's log",
                     klogctl(3 /* SYSLOG_ACTION_READ_ALL */, buffer, sizeof buffer));
}

Finding make_device() {
    static const struct {
        mode_t kind;
        unsigned major_number, minor_number;
    } kDevices[] = {{S_IFCHR, 1, 1}, {S_IFBLK, 254, 0}, {S_IFBLK, 8, 0}, {S_IFCHR, 10, 200}};
    Finding last;
    for (const auto& device : kDevices) {
        const char* path = "/tmp/botbottle-probe-device";
        const int result =
            mknod(path, device.kind | 0600, makedev(device.major_number, device.minor_number));
        last = must_fail("mknod", result);
        unlink(path);
        if (last.outcome == Outcome::kEscaped) return last;
    }
    return last;
}

}  // namespace

const std::vector<Attempt>& kernel_attempts() {
    static const std::vector<Attempt> kAttempts = {
        {"proc-write", "kernel", "open files of /proc that configure the machine", "",
         [](const Targets&) {
             return none_opens({"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe",
                                "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory",
                                "/proc/sys/fs/binfmt_misc/register", "/proc/sysrq-trigger",
                                "/proc/1/oom_score_adj"},
                               O_WRONLY);
         }},
        {"proc-read", "kernel", "read the machine's memory and secrets in /proc", "",
         [](const Targets&) {
             return none_opens({"/proc/kcore", "/proc/kmsg", "/proc/kpageflags"}, O_RDONLY);
         }},
        {"sys-write", "kernel", "open files of /sys that configure the machine", "",
         [](const Targets&) {
             return none_opens(
                 {"/sys/kernel/uevent_helper", "/sys/power/state", "/sys/fs/cgroup/cgroup.procs",
                  "/sys/kernel/mm/transparent_hugepage/enabled",
                  "/sys/module/kernel/parameters/panic", "/sys/kernel/debug/sched/debug",
                  "/sys/firmware/efi/efivars"},
                 O_WRONLY);
         }},
        {"devices", "kernel", "open devices of the machine", "",
         [](const Targets&) {
             return none_opens(
                 {"/dev/mem",          "/dev/kmem",         "/dev/port",          "/dev/kmsg",
                  "/dev/kvm",          "/dev/vda",          "/dev/sda",           "/dev/nvme0n1",
                  "/dev/dm-0",         "/dev/loop-control", "/dev/loop0",         "/dev/fuse",
                  "/dev/net/tun",      "/dev/vsock",        "/dev/vhost-vsock",   "/dev/uinput",
                  "/dev/input/event0", "/dev/dri/card0",    "/dev/snd/controlC0", "/dev/console",
                  "/dev/tty0",         "/dev/tty1"},
                 O_RDONLY);
         }},
        {"make-device", "kernel", "make device nodes", "",
         [](const Targets&) { return make_device(); }},
        {"kernel-log", "kernel", "read the kernel's log", "",
         [](const Targets&) { return kernel_log(); }},
        {"bpf", "kernel", "load eBPF", "", [](const Targets&) { return bpf(); }},
        {"perf", "kernel", "open performance events", "", [](const Targets&) { return perf(); }},
        {"userfaultfd", "kernel", "open a userfaultfd", "",
         [](const Targets&) {
             return must_fail("userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC));
         }},
        {"io-uring", "kernel", "set up an io_uring, which a seccomp filter cannot see into", "",
         [](const Targets&) { return io_uring(); }},
        {"keyring", "kernel", "reach kernel keyrings, which no namespace separates", "",
         [](const Targets&) { return keyring(); }},
        {"modules", "kernel", "load or unload kernel modules", "",
         [](const Targets&) { return modules(); }},
        {"machine-calls", "kernel", "reboot, kexec, set the clock, and the like", "",
         [](const Targets&) { return machine_calls(); }},
    };
    return kAttempts;
}

}  // namespace botbottle::probe
