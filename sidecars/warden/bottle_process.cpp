#include "warden/bottle_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <string>

namespace botbottle::warden {
namespace {

using control::Descriptor;

constexpr int kStartTimeField = 22;

std::optional<std::uint64_t> start_time_of(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char text[1024];  // about 50 numbers and a name of at most 64 bytes
    const ssize_t size = read(file.get(), text, sizeof text);
    if (size <= 0) return std::nullopt;
    return start_time_in_stat({text, static_cast<std::size_t>(size)});
}

bool has_ended(int pidfd) {
    pollfd poll_set = {pidfd, POLLIN, 0};
    return poll(&poll_set, 1, 0) != 0;
}

}  // namespace

std::optional<std::uint64_t> start_time_in_stat(std::string_view stat) {
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) return std::nullopt;
    stat.remove_prefix(name_end + 1);
    // The name was the second field; each further one follows a space.
    for (int field = 3; field <= kStartTimeField; ++field) {
        const std::size_t space = stat.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        stat.remove_prefix(space + 1);
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(stat.data(), stat.data() + stat.size(), value);
    if (error != std::errc() || end == stat.data() + stat.size() || *end != ' ')
        return std::nullopt;
    return value;
}

Result<Descriptor> open_process(pid_t pid, std::uint64_t start_time) {
    const tl::unexpected<Error> absent =
        failure("no_such_process", "there is no process " + std::to_string(pid) +
                                       " that started at " + std::to_string(start_time));
    Descriptor pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return absent;
    // In this order: the pidfd keeps the pid from being used again while its start time is read,
    // and a process that ended before that is a zombie at best.
    if (start_time_of(pid) != start_time || has_ended(pidfd.get())) return absent;
    return pidfd;
}

}  // namespace botbottle::warden
