// Other processes: the relay, which is the bottle's pid 1 and holds its doors, and those of the
// host.
#include <dirent.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "probe/attempts.h"

namespace botbottle::probe {
namespace {

constexpr pid_t kRelay = 1;

std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

// PTRACE_SEIZE stops nothing, and our end undoes it.
Finding traces_relay() {
    return must_fail("ptrace of pid 1", ptrace(PTRACE_SEIZE, kRelay, nullptr, nullptr));
}

Finding opens(const char* path, int flags) {
    const int fd = open(path, flags);
    if (fd < 0) return blocked(with_errno(path));
    // Some of these open for anyone and refuse the read.
    char byte = 0;
    if ((flags & O_ACCMODE) == O_RDONLY && read(fd, &byte, 1) < 0) return blocked(with_errno(path));
    return escaped(std::string("opened ") + path);
}

// The kernel asks for the right to trace when the file is opened. A read would prove less: nothing
// is mapped at its beginning.
Finding opens_relay_memory() {
    return must_fail("open /proc/1/mem", open("/proc/1/mem", O_RDONLY));
}

Finding relay_descriptors() {
    DIR* directory = opendir("/proc/1/fd");
    if (directory == nullptr) return blocked(with_errno("/proc/1/fd"));
    closedir(directory);
    return escaped("listed the descriptors of pid 1");
}

Finding relay_memory_call() {
    char buffer[16];
    struct iovec local = {buffer, sizeof buffer};
    struct iovec remote = {reinterpret_cast<void*>(0x400000), sizeof buffer};
    const ssize_t count = process_vm_readv(kRelay, &local, 1, &remote, 1, 0);
    // EFAULT comes after the check of permissions: the address was wrong, not we.
    if (count < 0 && errno == EFAULT) return escaped("process_vm_readv may read pid 1");
    return must_fail("process_vm_readv of pid 1", count);
}

Finding relay_descriptor_call() {
    const long pidfd = syscall(SYS_pidfd_open, kRelay, 0);
    if (pidfd < 0) return blocked(with_errno("pidfd_open of pid 1"));
    for (int fd = 0; fd < 64; ++fd) {
        if (syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0)
            return escaped("took descriptor " + std::to_string(fd) + " of pid 1");
    }
    return blocked(with_errno("pidfd_getfd"));
}

Finding host_processes(const Targets& targets) {
    // Our own command line names the word, too.
    const std::string own = content("/proc/self/cmdline");
    DIR* directory = opendir("/proc");
    if (directory == nullptr) return blocked(with_errno("/proc"));
    std::size_t seen = 0;
    while (const dirent* entry = readdir(directory)) {
        if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0) continue;
        ++seen;
        const std::string base = std::string("/proc/") + entry->d_name;
        if (content(base + "/comm") == "kthreadd\n") return escaped("kernel threads are visible");
        const std::string line = content(base + "/cmdline");
        for (const std::string& word : targets.all("host-process")) {
            if (line != own && line.find(word) != std::string::npos)
                return escaped("process " + std::string(entry->d_name) + " of the host is visible");
        }
    }
    closedir(directory);
    return blocked(std::to_string(seen) + " processes are visible, none of the host");
}

}  // namespace

const std::vector<Attempt>& process_attempts() {
    static const std::vector<Attempt> kAttempts = {
        {"trace-relay", "processes", "ptrace pid 1", "",
         [](const Targets&) { return traces_relay(); }},
        {"relay-memory", "processes", "open the memory of pid 1", "",
         [](const Targets&) { return opens_relay_memory(); }},
        {"relay-memory-call", "processes", "read the memory of pid 1 by process_vm_readv", "",
         [](const Targets&) { return relay_memory_call(); }},
        {"relay-environment", "processes", "read the environment of pid 1", "",
         [](const Targets&) { return opens("/proc/1/environ", O_RDONLY); }},
        {"relay-descriptors", "processes", "list the descriptors of pid 1", "",
         [](const Targets&) { return relay_descriptors(); }},
        {"relay-descriptor-call", "processes", "take a descriptor of pid 1 by pidfd_getfd", "",
         [](const Targets&) { return relay_descriptor_call(); }},
        {"relay-binary", "processes", "overwrite the program of pid 1", "",
         [](const Targets&) { return opens("/proc/1/exe", O_WRONLY); }},
        {"host-processes", "processes", "see processes of the host", "", host_processes},
    };
    return kAttempts;
}

}  // namespace botbottle::probe
