#include "session_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "fail.h"

namespace host_bottle {
namespace {

std::optional<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return std::nullopt;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

}  // namespace

UniqueFd listen_at(const std::string& path) {
    const auto address = address_of(path);
    if (!address) {
        fail("path_too_long", path + " is too long for a socket",
             "set XDG_RUNTIME_DIR to a shorter path");
    }
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) fail_errno("socket");
    unlink(path.c_str());  // of a bottle that ended without a stop
    const auto* const any = reinterpret_cast<const sockaddr*>(&*address);
    if (bind(socket.get(), any, sizeof *address) != 0) fail_errno(path);
    if (listen(socket.get(), SOMAXCONN) != 0) fail_errno(path);
    return socket;
}

UniqueFd listen_for_sessions(const Bottle& bottle) {
    return listen_at(bottle.session_socket());
}

bool answers(const Bottle& bottle) {
    const auto address = address_of(bottle.session_socket());
    if (!address) return false;
    const UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* const any = reinterpret_cast<const sockaddr*>(&*address);
    return connect(socket.get(), any, sizeof *address) == 0 || errno == EAGAIN;
}

}  // namespace host_bottle
