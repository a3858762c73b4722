#include "egress/attempts.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace botbottle::egress {
namespace {

using namespace std::chrono_literals;

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

std::string texts(const std::vector<IpAddress>& addresses) {
    std::string all;
    for (const IpAddress& each : addresses)
        all += each.text() + ' ';
    return all;
}

sockaddr_in loopback(const char* text, std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    inet_pton(AF_INET, text, &result.sin_addr);
    return result;
}

control::Descriptor stream_socket() {
    return control::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// A listener, and its port when `port` is 0.
control::Descriptor listen_at(const char* text, std::uint16_t& port, int backlog) {
    control::Descriptor socket = stream_socket();
    sockaddr_in name = loopback(text, port);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::listen(socket.get(), backlog), 0);
    socklen_t size = sizeof name;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size);
    port = ntohs(name.sin_port);
    return socket;
}

// Connections to a listener that accepts none, until one more gets no answer.
std::vector<control::Descriptor> fill(const char* text, std::uint16_t port) {
    std::vector<control::Descriptor> waiting;
    for (;;) {
        const sockaddr_in name = loopback(text, port);
        waiting.push_back(stream_socket());
        (void)::connect(waiting.back().get(), reinterpret_cast<const sockaddr*>(&name),
                        sizeof name);
        pollfd ready{waiting.back().get(), POLLOUT, 0};
        if (::poll(&ready, 1, 100) == 0) return waiting;
    }
}

// Drives the attempts as the egress does; -1 when none stood.
control::Descriptor finish(Attempts& attempts) {
    for (;;) {
        control::Descriptor socket = attempts.advance();
        if (socket || attempts.over()) return socket;
        pollfd ready{attempts.descriptor(), POLLIN, 0};
        if (::poll(&ready, 1, 20000) != 1) return {};
    }
}

std::string peer(const control::Descriptor& socket) {
    sockaddr_in name{};
    socklen_t size = sizeof name;
    if (::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) return "";
    char text[INET_ADDRSTRLEN];
    return ::inet_ntop(AF_INET, &name.sin_addr, text, sizeof text);
}

TEST(Attempts, FamiliesTakeTurnsInTheResolversOrder) {
    EXPECT_EQ(texts(in_turns({})), "");
    EXPECT_EQ(texts(in_turns({address("2001:db8::1"), address("2001:db8::2"),
                              address("2001:db8::3"), address("192.0.2.1"), address("192.0.2.2")})),
              "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3 ");
    EXPECT_EQ(
        texts(in_turns({address("192.0.2.1"), address("2001:db8::1"), address("2001:db8::2")})),
        "192.0.2.1 2001:db8::1 2001:db8::2 ");
}

TEST(Attempts, TheFirstThatStandsIsTaken) {
    std::uint16_t port = 0;
    const auto listener = listen_at("127.0.0.3", port, 8);
    Attempts attempts({address("127.0.0.3"), address("127.0.0.4")}, port, 20s);
    EXPECT_EQ(peer(finish(attempts)), "127.0.0.3");
}

TEST(Attempts, AnAddressThatDoesNotAnswerIsOvertaken) {
    std::uint16_t port = 0;
    const auto silent = listen_at("127.0.0.2", port, 0);
    const auto waiting = fill("127.0.0.2", port);
    const auto listener = listen_at("127.0.0.3", port, 8);
    Attempts attempts({address("127.0.0.2"), address("127.0.0.3")}, port, 10ms);
    EXPECT_EQ(peer(finish(attempts)), "127.0.0.3");
    EXPECT_FALSE(attempts.over()) << "the first was still under way";
    EXPECT_EQ(attempts.error(), 0);
}

TEST(Attempts, OneThatIsRefusedMakesRoomAtOnce) {
    std::uint16_t port = 0;
    const auto listener = listen_at("127.0.0.3", port, 8);
    // Nothing listens at the first: the long delay would be seen.
    Attempts attempts({address("127.0.0.2"), address("127.0.0.3")}, port, 600s);
    EXPECT_EQ(peer(finish(attempts)), "127.0.0.3");
    EXPECT_EQ(attempts.error(), ECONNREFUSED);
}

TEST(Attempts, NoneThatStandsIsAnErrorWithItsReason) {
    std::uint16_t port = 0;
    { const auto gone = listen_at("127.0.0.3", port, 8); }
    Attempts attempts({address("127.0.0.2"), address("127.0.0.3")}, port, 600s);
    EXPECT_FALSE(finish(attempts));
    EXPECT_TRUE(attempts.over());
    EXPECT_EQ(attempts.error(), ECONNREFUSED);
    Attempts none({}, port, 10ms);
    EXPECT_FALSE(finish(none));
    EXPECT_TRUE(none.over());
}

}  // namespace
}  // namespace botbottle::egress
