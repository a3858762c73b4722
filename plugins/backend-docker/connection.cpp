#include "connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstring>
#include <memory>

namespace backend_docker {
namespace {

using host_bottle::UniqueFd;

void keep_alive(int fd) {
    constexpr int kProbes = 3;
    const std::pair<int, int> options[] = {
        {TCP_NODELAY, 1},
        {TCP_KEEPIDLE, kSilence / 2},
        {TCP_KEEPINTVL, kSilence / 2 / kProbes},
        {TCP_KEEPCNT, kProbes},
        // The same where something was sent and not acknowledged.
        {TCP_USER_TIMEOUT, kSilence * 1000}};
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    for (const auto& [name, value] : options)
        setsockopt(fd, IPPROTO_TCP, name, &value, sizeof value);
}

}  // namespace

UniqueFd connect_unix(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return {};
    std::memcpy(address.sun_path, path.data(), path.size());
    UniqueFd found(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* const any = reinterpret_cast<const sockaddr*>(&address);
    return found && connect(found.get(), any, sizeof address) == 0 ? std::move(found) : UniqueFd();
}

UniqueFd connect_tcp(std::string host, const std::string& port) {
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    addrinfo wanted = {};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (getaddrinfo(host.c_str(), port.c_str(), &wanted, &list) != 0) return {};
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(list, freeaddrinfo);
    const timeval limit = {kConnectSeconds, 0};
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
        UniqueFd fd(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (!fd) continue;
        setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (connect(fd.get(), one->ai_addr, one->ai_addrlen) != 0) continue;
        keep_alive(fd.get());
        return fd;
    }
    return {};
}

}  // namespace backend_docker
