#include "cli/text_diff.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "bottles/child_process.h"
#include "files/unique_fd.h"

namespace botbottle::cli {
namespace {

constexpr qsizetype kLargest = 4 * 1024 * 1024;

}  // namespace

QByteArray unified_diff(int before, int after, const std::string& label) {
    const UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    int ends[2] = {-1, -1};
    if (!nothing || pipe2(ends, O_CLOEXEC) != 0) return {};
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    const int old_file = before < 0 ? nothing.get() : before;
    const int new_file = after < 0 ? nothing.get() : after;
    const std::string old_label = before < 0 ? "/dev/null" : "a/" + label;
    const std::string new_label = after < 0 ? "/dev/null" : "b/" + label;
    const char* const argv[] = {
        "diff",      "-u",        "--label", old_label.c_str(), "--label", new_label.c_str(), "--",
        "/dev/fd/3", "/dev/fd/4", nullptr};
    const pid_t child = fork();
    if (child < 0) return {};
    if (child == 0) {
        reset_signals();
        const ChildDescriptor descriptors[] = {{nothing.get(), 0},
                                               {write_end.get(), 1},
                                               {nothing.get(), 2},
                                               {old_file, 3},
                                               {new_file, 4}};
        if (place_descriptors(descriptors, 5)) execvp(argv[0], const_cast<char* const*>(argv));
        _exit(127);
    }
    write_end.reset();
    QByteArray text;
    char buffer[64 * 1024];
    for (;;) {
        const ssize_t count = read(read_end.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        text.append(buffer, count);
        if (text.size() > kLargest) {
            text.append("\n(the rest of this file is left out)\n");
            break;
        }
    }
    read_end.reset();
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return text;
}

}  // namespace botbottle::cli
