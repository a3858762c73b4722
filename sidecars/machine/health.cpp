#include "machine/health.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "control/descriptor.h"
#include "machine/layout.h"
#include "machine/network.h"

namespace botbottle::machine {
namespace {

using Clock = std::chrono::steady_clock;
using control::Descriptor;

constexpr auto kPoll = std::chrono::milliseconds(10);

std::string text_of(const char* path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

bool bottle_answers() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, kSessions, sizeof address.sun_path - 1);
    const Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool loopback_is_up() {
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = {};
    std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    return ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

bool is_writable() {
    const std::string path = std::string(kWorkspace) + "/.botbottle-health";
    unlink(path.c_str());
    const Descriptor file(
        open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    return file && unlink(path.c_str()) == 0;
}

}  // namespace

std::string health(const HealthCheck& check) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(check.timeout_ms);
    std::vector<std::string> leaks = answering(check.probes);
    for (std::string& route :
         routes_out(text_of("/proc/net/route"), text_of("/proc/net/ipv6_route")))
        leaks.push_back(std::move(route));
    struct stat workspace = {};
    const bool seen = stat(kWorkspace, &workspace) == 0;

    bool ready = bottle_answers();
    std::string failure;
    while (!ready && Clock::now() < deadline) {
        failure = text_of(kFailure);
        if (!failure.empty()) break;
        std::this_thread::sleep_for(kPoll);
        ready = bottle_answers();
    }
    return nlohmann::json{{"ready", ready},
                          {"failure", failure},
                          {"loopback", loopback_is_up()},
                          {"writable", seen && is_writable()},
                          {"owner", seen ? static_cast<long>(workspace.st_uid) : -1L},
                          {"leaks", leaks}}
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace botbottle::machine
