#include "session/packet.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

namespace botbottle::session {
namespace {

class Packets : public testing::Test {
  protected:
    void SetUp() override {
        int ends[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        ours_.reset(ends[0]);
        theirs_.reset(ends[1]);
    }
    Descriptor ours_;
    Descriptor theirs_;
    Packet packet_;
};

TEST_F(Packets, CarryFields) {
    ASSERT_TRUE(send(ours_.get(), 'X', {"exited", "", "7"}));
    ASSERT_EQ(receive(theirs_.get(), packet_), Received::packet);
    EXPECT_EQ(packet_.kind, 'X');
    EXPECT_EQ(packet_.fields(), (std::vector<std::string_view>{"exited", "", "7"}));
    EXPECT_EQ(receive(theirs_.get(), packet_), Received::nothing);
}

TEST_F(Packets, CarryDescriptors) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const Descriptor output(ends[0]);
    const Descriptor input(ends[1]);
    ASSERT_TRUE(send(ours_.get(), 'S', {}, {input.get()}));
    ASSERT_EQ(receive(theirs_.get(), packet_), Received::packet);
    ASSERT_EQ(packet_.descriptors.size(), 1u);
    ASSERT_EQ(write(packet_.descriptors[0].get(), "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(read(output.get(), &byte, 1), 1);
    EXPECT_EQ(byte, 'x');
}

TEST_F(Packets, HoldAWholeReplay) {
    const std::string replay(kReplaySize, '\0');
    ASSERT_TRUE(send_bytes(ours_.get(), 'R', replay));
    ASSERT_EQ(receive(theirs_.get(), packet_), Received::packet);
    EXPECT_EQ(packet_.body, replay);
}

TEST_F(Packets, ThatAreCutBreakTheConnection) {
    ASSERT_TRUE(send_bytes(ours_.get(), 'R', std::string(kMaxPacket + 1, 'x')));
    EXPECT_EQ(receive(theirs_.get(), packet_), Received::closed);
}

TEST_F(Packets, WithTooManyDescriptorsLeakNone) {
    const Descriptor null(dup(ours_.get()));
    const int before = dup(null.get());
    close(before);
    std::array<char, CMSG_SPACE(5 * sizeof(int))> control = {};
    char kind = 'S';
    iovec part = {&kind, 1};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(5 * sizeof(int));
    for (std::size_t i = 0; i < 5; ++i) {
        const int fd = null.get();
        std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof fd);
    }
    ASSERT_EQ(sendmsg(ours_.get(), &message, 0), 1);
    EXPECT_EQ(receive(theirs_.get(), packet_), Received::closed);
    packet_.descriptors.clear();
    const int after = dup(null.get());
    close(after);
    EXPECT_EQ(after, before);  // the lowest free number is what it was
}

TEST_F(Packets, EndWithThePeer) {
    ours_.reset();
    EXPECT_EQ(receive(theirs_.get(), packet_), Received::closed);
    EXPECT_FALSE(send(theirs_.get(), 'L', {}));
}

TEST(PacketFields, NeedTheirTerminators) {
    Packet packet;
    packet.body = std::string("a\0b", 3);
    EXPECT_TRUE(packet.fields().empty());
}

TEST(ParseNumber, TakesDigitsWithinBounds) {
    struct {
        const char* text;
        std::optional<long> value;
    } const rows[] = {{"0", 0},
                      {"15", 15},
                      {"16", std::nullopt},
                      {"-1", std::nullopt},
                      {"", std::nullopt},
                      {"1x", std::nullopt},
                      {" 1", std::nullopt},
                      {"+1", std::nullopt},
                      {"99999999999999999999", std::nullopt}};
    for (const auto& row : rows)
        EXPECT_EQ(parse_number(row.text, 0, 15), row.value) << row.text;
}

}  // namespace
}  // namespace botbottle::session
