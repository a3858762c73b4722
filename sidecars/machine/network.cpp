// A refusal counts as an answer: somebody was there to refuse. No route, at once, is what a machine
// without a network says.
#include "machine/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <sstream>

#include "control/descriptor.h"
#include "session/packet.h"

namespace botbottle::machine {
namespace {

using Clock = std::chrono::steady_clock;
using control::Descriptor;

constexpr auto kPatience = std::chrono::milliseconds(800);

// Public ones, the metadata service of clouds, and the gateway that smolvm gives a machine with a
// network (by which it would reach the loopback of its host).
constexpr const char* kTcp[] = {"1.1.1.1:443",   "8.8.8.8:53",    "169.254.169.254:80",
                                "100.96.0.1:80", "100.96.0.1:22", "[2606:4700:4700::1111]:443"};
constexpr const char* kResolvers[] = {"1.1.1.1:53", "8.8.8.8:53", "100.96.0.1:53"};

struct Address {
    sockaddr_storage storage = {};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<Address> parse_address(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    const auto port = session::parse_number(std::string_view(text).substr(colon + 1), 1, 65535);
    if (!port) return std::nullopt;
    Address address;
    std::string host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        auto* const six = reinterpret_cast<sockaddr_in6*>(&address.storage);
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(static_cast<std::uint16_t>(*port));
        address.size = sizeof *six;
        host = host.substr(1, host.size() - 2);
        return inet_pton(AF_INET6, host.c_str(), &six->sin6_addr) == 1 ? std::optional(address)
                                                                       : std::nullopt;
    }
    auto* const four = reinterpret_cast<sockaddr_in*>(&address.storage);
    four->sin_family = AF_INET;
    four->sin_port = htons(static_cast<std::uint16_t>(*port));
    address.size = sizeof *four;
    return inet_pton(AF_INET, host.c_str(), &four->sin_addr) == 1 ? std::optional(address)
                                                                  : std::nullopt;
}

struct Attempt {
    std::string name;
    Descriptor socket;
    bool tcp;
};

bool somebody_said(int error) {
    return error == 0 || error == ECONNREFUSED || error == ECONNRESET;
}

void try_tcp(const std::string& text, std::vector<Attempt>& waiting,
             std::vector<std::string>& answered) {
    const auto address = parse_address(text);
    if (!address) return;
    Descriptor socket(
        ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return;
    if (connect(socket.get(), address->get(), address->size) == 0 || somebody_said(errno))
        answered.push_back("TCP " + text);
    else if (errno == EINPROGRESS)
        waiting.push_back({"TCP " + text, std::move(socket), true});
}

// A question for the address of "a.root-servers.net", which any resolver answers.
void try_resolver(const std::string& text, std::vector<Attempt>& waiting) {
    constexpr std::string_view kQuestion(
        "\x62\x62\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
        "a\x0croot-servers\x03net\x00\x00\x01\x00\x01",
        36);
    const auto address = parse_address(text);
    Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!address || !socket) return;
    if (connect(socket.get(), address->get(), address->size) != 0) return;
    if (::send(socket.get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) < 0) return;
    waiting.push_back({"DNS " + text, std::move(socket), false});
}

bool has_answered(const Attempt& attempt) {
    if (!attempt.tcp) {
        char byte = 0;
        return recv(attempt.socket.get(), &byte, 1, 0) >= 0 || errno == ECONNREFUSED;
    }
    int error = -1;
    socklen_t size = sizeof error;
    getsockopt(attempt.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return somebody_said(error);
}

void wait_for_answers(std::vector<Attempt>& waiting, std::vector<std::string>& answered) {
    const auto deadline = Clock::now() + kPatience;
    while (!waiting.empty()) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        std::vector<pollfd> polled;
        polled.reserve(waiting.size());
        for (const Attempt& attempt : waiting)
            polled.push_back(
                {attempt.socket.get(), static_cast<short>(attempt.tcp ? POLLOUT : POLLIN), 0});
        if (left <= 0 || poll(polled.data(), polled.size(), static_cast<int>(left)) <= 0) return;
        std::vector<Attempt> still;
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (polled[i].revents == 0)
                still.push_back(std::move(waiting[i]));
            else if (has_answered(waiting[i]))
                answered.push_back(waiting[i].name);
        }
        waiting = std::move(still);
    }
}

}  // namespace

std::vector<std::string> answering(const std::vector<std::string>& more) {
    std::vector<Attempt> waiting;
    std::vector<std::string> answered;
    for (const char* const text : kTcp)
        try_tcp(text, waiting, answered);
    for (const std::string& text : more)
        try_tcp(text, waiting, answered);
    for (const char* const text : kResolvers)
        try_resolver(text, waiting);
    wait_for_answers(waiting, answered);
    return answered;
}

std::vector<std::string> routes_out(std::string_view ipv4, std::string_view ipv6) {
    std::vector<std::string> found;
    const auto add = [&](const std::string& device) {
        if (device.empty() || device == "lo") return;
        const std::string text = "a route over " + device;
        if (found.empty() || found.back() != text) found.push_back(text);
    };
    std::istringstream lines{std::string(ipv4)};
    std::string line;
    std::getline(lines, line);  // the names of the columns
    while (std::getline(lines, line))
        add(line.substr(0, line.find_first_of(" \t")));
    // The device is the last column.
    std::istringstream lines6{std::string(ipv6)};
    while (std::getline(lines6, line)) {
        while (!line.empty() && line.back() == ' ')
            line.pop_back();
        if (const std::size_t space = line.find_last_of(" \t"); space != std::string::npos)
            add(line.substr(space + 1));
    }
    return found;
}

}  // namespace botbottle::machine
