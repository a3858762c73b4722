// What a sidecar checks of the descriptors that it inherits.
#include "control/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace botbottle::control {
namespace {

TEST(Descriptor, HasOneOwner) {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const Descriptor write_end(fds[1]);
    {
        Descriptor first(fds[0]);
        const Descriptor second = std::move(first);
        EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that it is empty is the point
        EXPECT_EQ(second.get(), fds[0]);
    }
    EXPECT_EQ(fcntl(fds[0], F_GETFD), -1);
    EXPECT_EQ(fcntl(fds[1], F_GETFD), 0);
}

TEST(Descriptor, InheritedIsCheckedAndKeptFromChildren) {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    const Descriptor other(fds[1]);
    const auto socket = inherited_socket(fds[0]);
    ASSERT_TRUE(socket);
    EXPECT_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    ASSERT_EQ(pipe(fds), 0);
    const Descriptor write_end(fds[1]);
    EXPECT_FALSE(inherited_socket(fds[0]));
    EXPECT_EQ(fcntl(fds[0], F_GETFD), -1) << "taken over, refused, closed";
    EXPECT_FALSE(inherited(fds[0]));
}

TEST(Descriptor, OtherKindsOfSocketAreRefused) {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    const Descriptor other(fds[1]);
    EXPECT_FALSE(inherited_socket(fds[0]));
    const int inet = socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_GE(inet, 0);
    EXPECT_FALSE(inherited_socket(inet));
}

TEST(Descriptor, ClosesAllButTheNamed) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        for (const int fd : {20, 21, 22, 30, 31})
            dup2(STDERR_FILENO, fd);
        close_all_but({30, 21});
        const bool right = fcntl(21, F_GETFD) == 0 && fcntl(30, F_GETFD) == 0 &&
                           fcntl(STDERR_FILENO, F_GETFD) >= 0 && fcntl(20, F_GETFD) == -1 &&
                           fcntl(22, F_GETFD) == -1 && fcntl(31, F_GETFD) == -1;
        _exit(right ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(Descriptor, ThePeerIsThisProcess) {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    const Descriptor left(fds[0]);
    const Descriptor right(fds[1]);
    EXPECT_EQ(*peer_uid(left.get()), geteuid());
    EXPECT_TRUE(peer_may_control(left.get()));
    EXPECT_FALSE(peer_uid(STDERR_FILENO));
    EXPECT_FALSE(peer_may_control(STDERR_FILENO));
}

}  // namespace
}  // namespace botbottle::control
