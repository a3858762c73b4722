// What a sidecar does with the descriptors that it inherits.
#include "control/descriptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <vector>

namespace botbottle::control {

void Descriptor::reset(int fd) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

Result<Descriptor> inherited(int number) {
    if (fcntl(number, F_SETFD, FD_CLOEXEC) != 0)
        return failure("descriptor_missing",
                       "descriptor " + std::to_string(number) +
                           " was not handed over: " + std::strerror(errno),
                       "this program is started by botbottle, not by hand");
    return Descriptor(number);
}

Result<Descriptor> inherited_socket(int number) {
    auto descriptor = inherited(number);
    if (!descriptor) return descriptor;
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof domain;
    if (getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX ||
        getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return failure("descriptor_wrong",
                       "descriptor " + std::to_string(number) + " is not a Unix stream socket");
    return descriptor;
}

void close_all_but(std::initializer_list<int> kept) {
    std::vector<int> sorted(kept);
    std::sort(sorted.begin(), sorted.end());
    unsigned next = STDERR_FILENO + 1;
    for (const int fd : sorted) {
        const auto kept_fd = static_cast<unsigned>(fd);
        if (kept_fd < next) continue;
        if (kept_fd > next) close_range(next, kept_fd - 1, 0);
        next = kept_fd + 1;
    }
    close_range(next, UINT_MAX, 0);
}

Result<uid_t> peer_uid(int socket) {
    struct ucred peer = {};
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return failure("peer_unknown",
                       std::string("the peer's uid cannot be read: ") + std::strerror(errno));
    return peer.uid;
}

bool peer_may_control(int socket) {
    const auto uid = peer_uid(socket);
    return uid && (*uid == 0 || *uid == geteuid());
}

}  // namespace botbottle::control
