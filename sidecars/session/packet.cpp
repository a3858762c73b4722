// Packets over SOCK_SEQPACKET: one sendmsg, one recvmsg.
#include "session/packet.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace botbottle::session {
namespace {

constexpr std::size_t kControlSize = CMSG_SPACE(kMaxDescriptors * sizeof(int));

void take_descriptors(msghdr& message, std::vector<Descriptor>& into) {
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            into.emplace_back(fd);
        }
    }
}

}  // namespace

std::vector<std::string_view> Packet::fields() const {
    std::vector<std::string_view> found;
    std::string_view rest = body;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\0');
        if (end == std::string_view::npos) return {};
        found.push_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    return found;
}

Received receive(int socket, Packet& packet) {
    packet.descriptors.clear();
    packet.body.resize(kMaxPacket);
    iovec parts[2] = {{&packet.kind, 1}, {packet.body.data(), packet.body.size()}};
    alignas(cmsghdr) char control[kControlSize];
    msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    message.msg_control = control;
    message.msg_controllen = sizeof control;

    ssize_t size = -1;
    do {
        size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        packet.body.clear();
        return errno == EAGAIN ? Received::nothing : Received::closed;
    }
    take_descriptors(message, packet.descriptors);
    packet.body.resize(size == 0 ? 0 : static_cast<std::size_t>(size) - 1);
    const bool cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    return size == 0 || cut ? Received::closed : Received::packet;
}

bool send_bytes(int socket, char kind, std::string_view body,
                std::initializer_list<int> descriptors) {
    iovec parts[2] = {{&kind, 1}, {const_cast<char*>(body.data()), body.size()}};
    alignas(cmsghdr) char control[kControlSize] = {};
    msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    if (descriptors.size() != 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        std::memcpy(CMSG_DATA(header), descriptors.begin(), descriptors.size() * sizeof(int));
    }
    ssize_t sent = -1;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

bool send(int socket, char kind, std::initializer_list<std::string_view> fields,
          std::initializer_list<int> descriptors) {
    std::string body;
    for (const std::string_view field : fields) {
        body += field;
        body += '\0';
    }
    return send_bytes(socket, kind, body, descriptors);
}

std::optional<long> parse_number(std::string_view text, long lowest, long highest) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (value < lowest || value > highest) return std::nullopt;
    return value;
}

}  // namespace botbottle::session
