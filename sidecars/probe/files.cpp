// The host's files and sockets, and the bottle's own ones that must stay as they are.
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "probe/attempts.h"

namespace botbottle::probe {
namespace {

constexpr const char* kSockets = "/run/botbottle/sockets";

Finding host_files(const Targets& targets) {
    Finding last;
    for (const std::string& path : targets.all("host-file")) {
        last = must_fail("open " + path, open(path.c_str(), O_RDONLY));
        if (last.outcome == Outcome::kEscaped) return last;
    }
    return last;
}

// Homes other than our own, and the superuser's.
Finding host_homes() {
    const char* own = getenv("HOME");
    for (const std::string place : {"/home", "/root"}) {
        DIR* directory = opendir(place.c_str());
        if (directory == nullptr) continue;
        while (const dirent* entry = readdir(directory)) {
            const std::string name = entry->d_name;
            if (name == "." || name == "..") continue;
            std::string path = place;
            path.append("/").append(name);
            if (own == nullptr || path != own) return escaped(path + " is visible");
        }
        closedir(directory);
    }
    return blocked("no home but the bottle's own");
}

Finding host_sockets(const Targets& targets) {
    std::vector<std::string> paths = targets.all("host-socket");
    for (const char* usual :
         {"/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock",
          "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/var/run/libvirt/libvirt-sock",
          "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/systemd/journal/socket",
          "/run/snapd.socket", "/tmp/.X11-unix/X0"})
        paths.push_back(usual);
    for (const std::string& path : paths) {
        struct sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        for (const int type : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
            const int fd = socket(AF_UNIX, type, 0);
            if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
                return escaped("connected to " + path);
            close(fd);
        }
    }
    return blocked("none of " + std::to_string(paths.size()) + " sockets can be reached");
}

Finding writes(const std::vector<std::string>& directories) {
    std::string last;
    for (const std::string& directory : directories) {
        const std::string path = directory + "/botbottle-probe";
        const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd >= 0) {
            unlink(path.c_str());
            return escaped("wrote below " + directory);
        }
        last = with_errno(path);
    }
    return blocked(last);
}

Finding rewrites(const std::vector<const char*>& files) {
    std::string last;
    for (const char* path : files) {
        if (open(path, O_WRONLY | O_APPEND) >= 0)
            return escaped(std::string("opened ") + path + " for writing");
        last = with_errno(path);
    }
    return blocked(last);
}

Finding symlink_out(const Targets& targets) {
    Finding last;
    for (const std::string& path : targets.all("host-file")) {
        const char* link = "botbottle-probe-link";
        if (symlink(path.c_str(), link) != 0) return skipped(with_errno("cannot make a link here"));
        last = must_fail("open " + path + " through a link", open(link, O_RDONLY));
        unlink(link);
        if (last.outcome == Outcome::kEscaped) return last;
    }
    return last;
}

// What was handed in as stdin could be reopened for writing: it must be the bottle's own.
Finding reopens_input() {
    for (int fd = 0; fd < 3; ++fd) {
        struct stat status = {};
        if (fstat(fd, &status) != 0) continue;
        const std::string path = "/proc/self/fd/" + std::to_string(fd);
        if (S_ISREG(status.st_mode) && open(path.c_str(), O_WRONLY) >= 0)
            return escaped("reopened the file behind descriptor " + std::to_string(fd) +
                           " for writing");
        char name[256] = {};
        const bool terminal = S_ISCHR(status.st_mode) && isatty(fd) == 1;
        // A terminal of the bottle's own devpts has a name here; the operator's has none.
        if (terminal && ttyname_r(fd, name, sizeof name) != 0)
            return escaped("descriptor " + std::to_string(fd) + " is a terminal of the host");
    }
    return blocked("stdin, stdout and stderr are the bottle's own");
}

Finding inherited_descriptors() {
    DIR* directory = opendir("/proc/self/fd");
    if (directory == nullptr) return skipped(with_errno("/proc/self/fd"));
    std::string found;
    while (const dirent* entry = readdir(directory)) {
        int fd = -1;
        const char* const end = entry->d_name + std::strlen(entry->d_name);
        if (std::from_chars(entry->d_name, end, fd).ptr != end) continue;
        // Ours: the pipe to the parent process and this directory.
        struct stat status = {};
        if (fd <= 2 || fd == dirfd(directory) || fstat(fd, &status) != 0) continue;
        char link[256] = {};
        const std::string path = "/proc/self/fd/" + std::to_string(fd);
        if (readlink(path.c_str(), link, sizeof link - 1) < 0) continue;
        if (std::strncmp(link, "pipe:", 5) == 0) continue;
        found += " " + std::to_string(fd) + " -> " + link;
    }
    closedir(directory);
    return found.empty() ? blocked("nothing but stdin, stdout and stderr")
                         : escaped("inherited:" + found);
}

Finding replaces_sockets() {
    if (access(kSockets, F_OK) != 0) return skipped(std::string("no ") + kSockets);
    return writes({kSockets});
}

}  // namespace

const std::vector<Attempt>& file_attempts() {
    static const std::vector<Attempt> kAttempts = {
        {"host-files", "files", "open a file of the host", "host-file", host_files},
        {"host-homes", "files", "see homes of the host", "",
         [](const Targets&) { return host_homes(); }},
        {"host-sockets", "files", "connect to sockets of the host: engines, buses, other bottles",
         "", host_sockets},
        {"symlink-out", "files", "follow a link out of the workspace", "host-file", symlink_out},
        {"write-system", "files", "write below /usr, /etc and beside them", "",
         [](const Targets&) {
             return writes({"/usr", "/usr/bin", "/usr/local/bin", "/usr/lib", "/etc", "/",
                            "/run/botbottle", "/opt", "/boot"});
         }},
        {"rewrite-system", "files", "change files of the system", "",
         [](const Targets&) {
             return rewrites({"/etc/passwd", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt",
                              "/etc/ld.so.cache", "/usr/bin/env", "/bin/sh"});
         }},
        {"replace-sockets", "files", "put another socket in the egress's place", "",
         [](const Targets&) { return replaces_sockets(); }},
        {"reopen-input", "files", "reopen stdin for writing", "",
         [](const Targets&) { return reopens_input(); }},
        {"descriptors", "files", "find descriptors of the host's", "",
         [](const Targets&) { return inherited_descriptors(); }},
    };
    return kAttempts;
}

}  // namespace botbottle::probe
