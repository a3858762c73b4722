// Ways out that are no IP: abstract sockets, netlink, vsock, packet sockets, rarer families. Some
// of these ignore network namespaces altogether, so only a seccomp filter closes them.
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "probe/attempts.h"

namespace botbottle::probe {
namespace {

Finding abstract_socket(const Targets& targets) {
    Finding last;
    for (const std::string& name : targets.all("abstract")) {
        struct sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0) return blocked(with_errno("socket"));
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        last =
            must_fail("connect @" + name, connect(fd, reinterpret_cast<sockaddr*>(&address), size));
        if (last.outcome == Outcome::kEscaped) return last;
    }
    return last;
}

// Asks for a new network interface, the first step to a route; of a kind that does not exist, so
// that none is made where it would be permitted.
Finding netlink_new_link() {
    const int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (fd < 0) return blocked(with_errno("socket"));
    struct {
        nlmsghdr header;
        ifinfomsg link;
        rtattr info;
        rtattr kind;
        char kind_text[8];
    } request = {};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_NEWLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
    request.info = {sizeof(rtattr) * 2 + 8, IFLA_LINKINFO};
    request.kind = {sizeof(rtattr) + 8, IFLA_INFO_KIND};
    std::memcpy(request.kind_text, "bbprobe", 8);
    if (send(fd, &request, sizeof request, 0) < 0) return blocked(with_errno("send"));
    alignas(nlmsghdr) char answer[512];
    if (recv(fd, answer, sizeof answer, 0) < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr))))
        return blocked(with_errno("answer"));
    const auto* error =
        static_cast<const nlmsgerr*>(NLMSG_DATA(reinterpret_cast<nlmsghdr*>(answer)));
    errno = -error->error;
    return refused("make a network interface", error->error == 0 ? 0 : -1);
}

// Netlink protocols with which something outside can be heard or configured.
Finding netlink_protocols() {
    std::string last = "none opened";
    for (const int protocol : {NETLINK_NETFILTER, NETLINK_AUDIT, NETLINK_KOBJECT_UEVENT,
                               NETLINK_CRYPTO, NETLINK_GENERIC, NETLINK_XFRM}) {
        const int fd = socket(AF_NETLINK, SOCK_RAW, protocol);
        if (fd >= 0) return escaped("opened netlink protocol " + std::to_string(protocol));
        last = with_errno("socket");
    }
    return blocked(last);
}

Finding vsock() {
    std::string last;
    for (const unsigned cid : {VMADDR_CID_HOST, VMADDR_CID_LOCAL}) {
        const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (fd < 0) return blocked(with_errno("socket"));
        struct sockaddr_vm address = {};
        address.svm_family = AF_VSOCK;
        address.svm_cid = cid;
        address.svm_port = 1;
        if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
            return escaped("connected");
        // A refusal is an answer: the request left the bottle.
        if (errno == ECONNRESET || errno == EINPROGRESS || errno == ETIMEDOUT)
            return escaped(with_errno("a request to cid " + std::to_string(cid) + " left"));
        last = with_errno("connect");
        close(fd);
    }
    return blocked(last);
}

Finding socket_opens(int family, int type, int protocol, const char* what) {
    return must_fail(what, socket(family, type, protocol));
}

Finding rare_families() {
    // AF_ALG, AF_QIPCRTR, AF_TIPC, AF_RDS and others are no part of a network namespace, or have
    // been ways into the kernel; no agent needs them.
    static const struct {
        int family, type;
        const char* name;
    } kFamilies[] = {{AF_ALG, SOCK_SEQPACKET, "AF_ALG"},
                     {AF_BLUETOOTH, SOCK_RAW, "AF_BLUETOOTH"},
                     {AF_CAN, SOCK_RAW, "AF_CAN"},
                     {AF_TIPC, SOCK_SEQPACKET, "AF_TIPC"},
                     {AF_RDS, SOCK_SEQPACKET, "AF_RDS"},
                     {AF_KEY, SOCK_RAW, "AF_KEY"},
                     {42 /* AF_QIPCRTR */, SOCK_DGRAM, "AF_QIPCRTR"},
                     {44 /* AF_XDP */, SOCK_RAW, "AF_XDP"},
                     {AF_NFC, SOCK_SEQPACKET, "AF_NFC"},
                     {AF_PPPOX, SOCK_STREAM, "AF_PPPOX"}};
    std::string last;
    for (const auto& entry : kFamilies) {
        if (socket(entry.family, entry.type, 0) >= 0)
            return escaped(std::string("opened ") + entry.name);
        last = with_errno(entry.name);
    }
    return blocked(last);
}

}  // namespace

const std::vector<Attempt>& network_kind_attempts() {
    static const std::vector<Attempt> kAttempts = {
        {"abstract-socket", "network", "connect to an abstract socket of the host", "abstract",
         abstract_socket},
        {"netlink-link", "network", "make a network interface by netlink", "",
         [](const Targets&) { return netlink_new_link(); }},
        {"netlink-kinds", "network", "open netlink protocols besides routing", "",
         [](const Targets&) { return netlink_protocols(); }},
        {"vsock", "network", "reach the hypervisor or another bottle by vsock", "",
         [](const Targets&) { return vsock(); }},
        {"packet-socket", "network", "open a packet socket", "",
         [](const Targets&) {
             return socket_opens(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL), "open AF_PACKET");
         }},
        {"raw-socket", "network", "open a raw IP socket", "",
         [](const Targets&) {
             return socket_opens(AF_INET, SOCK_RAW, IPPROTO_RAW, "open SOCK_RAW");
         }},
        {"rare-families", "network", "open socket families that no agent needs", "",
         [](const Targets&) { return rare_families(); }},
    };
    return kAttempts;
}

}  // namespace botbottle::probe
