#include "rendezvous.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "host-bottle/fail.h"
#include "host-bottle/session_socket.h"

namespace backend_docker {
namespace {

bool readable(const UniqueFd& socket, std::chrono::milliseconds timeout) {
    pollfd polled = {socket.get(), POLLIN, 0};
    return poll(&polled, 1, static_cast<int>(timeout.count())) > 0;
}

pid_t peer_of(const UniqueFd& socket) {
    ucred peer = {};
    socklen_t size = sizeof peer;
    return getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : -1;
}

}  // namespace

Rendezvous::Rendezvous(const Bottle& bottle, Owner owner)
    : path_(launch_directory(bottle) + "/" + kLaunchSocket), listener_(listen_at(path_)) {
    if (chmod(path_.c_str(), 0600) != 0) fail_errno(path_);
    give_to(path_, owner);
}

Rendezvous::~Rendezvous() {
    unlink(path_.c_str());
}

bool Rendezvous::accept(pid_t relay, std::chrono::milliseconds timeout) {
    if (!readable(listener_, timeout)) return false;
    UniqueFd found(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!found || peer_of(found) != relay) return false;
    relay_ = std::move(found);
    return true;
}

void Rendezvous::hand_over(const UniqueFd& sessions, const UniqueFd& filter) {
    const int descriptors[] = {sessions.get(), filter.get()};
    char kind = 'B';
    iovec part = {&kind, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> control = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptors);
    std::memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
    if (sendmsg(relay_.get(), &message, MSG_NOSIGNAL) != 1) fail_errno("the relay");
}

bool Rendezvous::ready(std::chrono::milliseconds timeout) {
    if (!readable(relay_, timeout)) return false;
    std::array<char, 4096> answer;
    const ssize_t size = recv(relay_.get(), answer.data(), answer.size(), 0);
    const std::string_view text(answer.data(), static_cast<std::size_t>(size > 0 ? size : 0));
    if (text == "R") return true;
    if (text.starts_with('E')) {
        fail("relay_failed", "the bottle's relay cannot go on: " +
                                 std::string(text.substr(1, text.find('\0') - 1)));
    }
    fail("bottle_died", "the bottle ended while it was started");
}

void Rendezvous::commit() {
    if (send(relay_.get(), "C", 1, MSG_NOSIGNAL) != 1) {
        fail("bottle_died", "the bottle ended while it was started");
    }
}

}  // namespace backend_docker
