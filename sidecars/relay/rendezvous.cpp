#include "relay/rendezvous.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "session/packet.h"

namespace botbottle::relay {
namespace {

using control::Descriptor;

tl::unexpected<Error> refused(const std::string& what) {
    return failure("rendezvous", what + ": " + std::strerror(errno));
}

}  // namespace

Result<Arrival> meet(const char* path, int kept) {
    // Engines have left descriptors of the host's open here (CVE-2024-21626).
    kept < 0 ? control::close_all_but({}) : control::close_all_but({kept});
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (std::strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return refused(path);
    }
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (*path == '@') address.sun_path[0] = '\0';  // a name without a file
    Descriptor connection(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!connection) return refused("socket");
    if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return refused(path);
    session::Packet packet;
    const bool received = session::receive(connection.get(), packet) == session::Received::packet;
    if (!received || packet.kind != 'B' || packet.descriptors.size() != 2)
        return failure("rendezvous", "the launcher is gone, or no launcher");
    return Arrival{std::move(connection), std::move(packet.descriptors[0]),
                   std::move(packet.descriptors[1])};
}

Result<void> apply_filter(const Descriptor& program) {
    std::array<sock_filter, BPF_MAXINSNS> instructions;
    const ssize_t size = pread(program.get(), instructions.data(), sizeof instructions, 0);
    if (size <= 0 || size % static_cast<ssize_t>(sizeof(sock_filter)) != 0)
        return failure("rendezvous", "the system call filter is no program");
    const sock_fprog filter = {
        static_cast<unsigned short>(size / static_cast<ssize_t>(sizeof(sock_filter))),
        instructions.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return refused("PR_SET_SECCOMP");
    return {};
}

}  // namespace botbottle::relay
