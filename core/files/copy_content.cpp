#include "files/copy_content.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <limits>

namespace botbottle::files {
namespace {

// At most so many bytes; fewer where the source ends.
bool by_hand(int source, int target, off_t size) {
    char buffer[128 * 1024];
    while (size > 0) {
        const auto wanted = std::min<off_t>(size, sizeof buffer);
        const ssize_t count = read(source, buffer, static_cast<std::size_t>(wanted));
        if (count == 0) return true;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        for (ssize_t done = 0; done < count;) {
            const ssize_t written =
                write(target, buffer + done, static_cast<std::size_t>(count - done));
            if (written < 0 && errno != EINTR) return false;
            if (written > 0) done += written;
        }
        size -= count;
    }
    return true;
}

bool copy_piece(int source, int target, off_t size) {
    while (size > 0) {
        const ssize_t count =
            copy_file_range(source, nullptr, target, nullptr, static_cast<std::size_t>(size), 0);
        if (count == 0) return true;
        if (count < 0) {
            // Other filesystem, or one (such as procfs or FUSE) that cannot: by hand, from here on.
            return errno != ENOSPC && errno != EDQUOT && errno != EFBIG &&
                   by_hand(source, target, size);
        }
        size -= count;
    }
    return true;
}

}  // namespace

bool copy_content(int source, int target) {
    if (ioctl(target, FICLONE, source) == 0) return true;
    constexpr off_t kAll = std::numeric_limits<off_t>::max() / 2;
    const off_t from = lseek(source, 0, SEEK_CUR);
    const off_t to = lseek(target, 0, SEEK_CUR);
    struct stat status = {};
    if (from < 0 || to < 0 || fstat(source, &status) != 0) return false;
    for (off_t end = from;;) {
        const off_t begin = lseek(source, end, SEEK_DATA);
        // Nothing but a hole, or a filesystem that tells of none.
        if (begin < 0 && errno == ENXIO) break;
        if (begin < 0) return end == from && copy_piece(source, target, kAll);
        end = lseek(source, begin, SEEK_HOLE);
        if (end < begin || lseek(source, begin, SEEK_SET) < 0 ||
            lseek(target, to + begin - from, SEEK_SET) < 0)
            return false;
        if (!copy_piece(source, target, end - begin)) return false;
    }
    const off_t length = to + std::max<off_t>(status.st_size - from, 0);
    struct stat made = {};
    if (fstat(target, &made) != 0) return false;
    return made.st_size >= length || ftruncate(target, length) == 0;
}

}  // namespace botbottle::files
