#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bottles/child_process.h"

namespace botbottle {
namespace {

// Runs `body` in a child; its return value is the exit code.
template <typename Body>
int in_child(const Body& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ChildProcess, SwapsCollidingDescriptorsAndClosesAllOthers) {
    const int result = in_child([] {
        int first[2];
        int second[2];
        if (pipe(first) != 0 || pipe(second) != 0) return 10;
        if (write(first[1], "a", 1) != 1 || write(second[1], "b", 1) != 1) return 11;
        // Each goes where the other one is.
        const ChildDescriptor descriptors[] = {{first[0], second[0]}, {second[0], first[0]}};
        if (!place_descriptors(descriptors, 2)) return 12;
        char c = 0;
        if (read(second[0], &c, 1) != 1 || c != 'a') return 13;
        if (read(first[0], &c, 1) != 1 || c != 'b') return 14;
        if (fcntl(second[1], F_GETFD) != -1) return 15;
        return 0;
    });
    EXPECT_EQ(result, 0);
}

TEST(ChildProcess, RefusesADescriptorThatIsNotOpen) {
    EXPECT_EQ(in_child([] {
                  const ChildDescriptor descriptors[] = {{-1, 3}};
                  return place_descriptors(descriptors, 1) ? 1 : 0;
              }),
              0);
}

}  // namespace
}  // namespace botbottle
