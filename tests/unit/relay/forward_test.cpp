// The forwarder between real sockets: TCP on one side, a Unix socket on the other.
#include "relay/forward.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

namespace botbottle::relay {
namespace {

using control::Descriptor;

class Forwarding : public testing::Test {
  protected:
    void SetUp() override {
        char directory[] = "/tmp/forward-XXXXXX";
        ASSERT_NE(mkdtemp(directory), nullptr);
        path_ = std::string(directory) + "/s";
    }

    void TearDown() override {
        unlink(path_.c_str());
        rmdir(path_.substr(0, path_.size() - 2).c_str());
    }

    void forward(std::size_t capacity) {
        forwarder_ = std::make_unique<Forwarder>(loop_, capacity);
        const auto listening = forwarder_->listen(free_port(), path_);
        ASSERT_TRUE(listening) << listening.error().message;
    }

    void open_sidecar() {
        sidecar_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.data(), path_.size());
        ASSERT_EQ(bind(sidecar_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(listen(sidecar_.get(), 8), 0);
    }

    std::uint16_t free_port() {
        const Descriptor probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address = loopback(0);
        EXPECT_EQ(bind(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        socklen_t size = sizeof address;
        EXPECT_EQ(getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        return port_ = ntohs(address.sin_port);
    }

    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    Descriptor connect_client() {
        Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = loopback(port_);
        EXPECT_EQ(
            connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        fcntl(client.get(), F_SETFL, O_NONBLOCK);
        return client;
    }

    Descriptor accept_sidecar() {
        Descriptor accepted;
        EXPECT_TRUE(turn_until([&] {
            accepted.reset(accept4(sidecar_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            return static_cast<bool>(accepted);
        }));
        return accepted;
    }

    bool turn_until(const std::function<bool()>& done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!done()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            loop_.wait(5);
        }
        return true;
    }

    // What arrives until `size` bytes are there or the other side ends.
    std::string receive(const Descriptor& from, std::size_t size, bool* ended = nullptr) {
        std::string text;
        EXPECT_TRUE(turn_until([&] {
            char buffer[65536];
            const ssize_t got =
                read(from.get(), buffer, std::min(sizeof buffer, size - text.size()));
            if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
            const bool over = got == 0 || (got < 0 && errno != EAGAIN);
            if (over && ended != nullptr) *ended = true;
            return over || text.size() == size;
        }));
        return text;
    }

    Loop loop_;
    std::unique_ptr<Forwarder> forwarder_;
    Descriptor sidecar_;
    std::string path_;
    std::uint16_t port_ = 0;
};

TEST_F(Forwarding, PassesHalfClosesOn) {
    open_sidecar();
    forward(4);
    const Descriptor client = connect_client();
    ASSERT_EQ(write(client.get(), "request", 7), 7);
    ASSERT_EQ(shutdown(client.get(), SHUT_WR), 0);
    Descriptor sidecar = accept_sidecar();
    bool ended = false;
    EXPECT_EQ(receive(sidecar, 100, &ended), "request");
    EXPECT_TRUE(ended);
    ASSERT_EQ(write(sidecar.get(), "answer", 6), 6);  // the other half is still open
    sidecar.reset();
    ended = false;
    EXPECT_EQ(receive(client, 100, &ended), "answer");
    EXPECT_TRUE(ended);
}

TEST_F(Forwarding, LosesNothingWhenTheReaderIsSlow) {
    open_sidecar();
    forward(4);
    const Descriptor client = connect_client();
    const Descriptor sidecar = accept_sidecar();
    std::string sent;
    for (int i = 0; sent.size() < 8u << 20; ++i)
        sent += std::to_string(i) + ",";
    std::string received;
    std::size_t written = 0;
    int round = 0;
    EXPECT_TRUE(turn_until([&] {
        const ssize_t out = write(client.get(), sent.data() + written, sent.size() - written);
        if (out > 0) written += static_cast<std::size_t>(out);
        if (++round % 3 != 0) return false;
        char buffer[100000];
        const ssize_t in = read(sidecar.get(), buffer, sizeof buffer);
        if (in > 0) received.append(buffer, static_cast<std::size_t>(in));
        return received.size() == sent.size();
    }));
    EXPECT_TRUE(received == sent);
}

TEST_F(Forwarding, ClosesAtOnceWhenTheSidecarIsDown) {
    forward(4);
    const Descriptor client = connect_client();
    bool ended = false;
    EXPECT_EQ(receive(client, 1, &ended), "");
    EXPECT_TRUE(ended);

    open_sidecar();  // and works when it is back
    const Descriptor again = connect_client();
    ASSERT_EQ(write(again.get(), "x", 1), 1);
    EXPECT_EQ(receive(accept_sidecar(), 1), "x");
}

TEST_F(Forwarding, TakesNoMoreThanItsCapacity) {
    open_sidecar();
    forward(2);
    Descriptor first = connect_client();
    const Descriptor second = connect_client();
    const Descriptor third = connect_client();
    const Descriptor up_first = accept_sidecar();
    const Descriptor up_second = accept_sidecar();
    for (int i = 0; i < 20; ++i)
        loop_.wait(1);
    EXPECT_LT(accept4(sidecar_.get(), nullptr, nullptr, SOCK_CLOEXEC), 0);

    ASSERT_EQ(write(third.get(), "3", 1), 1);
    first.reset();
    bool ended = false;
    EXPECT_EQ(receive(up_first, 1, &ended), "");
    EXPECT_TRUE(ended);
    ASSERT_EQ(shutdown(up_first.get(), SHUT_WR), 0);
    EXPECT_EQ(receive(accept_sidecar(), 1), "3");
}

TEST_F(Forwarding, EndsBothSidesOfABrokenConnection) {
    open_sidecar();
    forward(4);
    Descriptor client = connect_client();
    const Descriptor sidecar = accept_sidecar();
    const linger reset = {1, 0};
    ASSERT_EQ(setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    client.reset();
    bool ended = false;
    EXPECT_EQ(receive(sidecar, 1, &ended), "");
    EXPECT_TRUE(ended);
}

TEST_F(Forwarding, RefusesAPathThatIsNoSocketAddress) {
    Forwarder forwarder(loop_, 1);
    EXPECT_FALSE(forwarder.listen(free_port(), ""));
    EXPECT_FALSE(forwarder.listen(free_port(), std::string(108, 'x')));
    EXPECT_TRUE(forwarder.listen(free_port(), std::string(107, 'x')));
}

}  // namespace
}  // namespace botbottle::relay
