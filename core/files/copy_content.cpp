#include "files/copy_content.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstddef>

namespace botbottle::files {
namespace {

bool by_hand(int source, int target) {
    char buffer[128 * 1024];
    for (;;) {
        const ssize_t count = read(source, buffer, sizeof buffer);
        if (count == 0) return true;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        for (ssize_t done = 0; done < count;) {
            const ssize_t written =
                write(target, buffer + done, static_cast<std::size_t>(count - done));
            if (written < 0 && errno != EINTR) return false;
            if (written > 0) done += written;
        }
    }
}

}  // namespace

bool copy_content(int source, int target) {
    if (ioctl(target, FICLONE, source) == 0) return true;
    for (;;) {
        const ssize_t count = copy_file_range(source, nullptr, target, nullptr, SSIZE_MAX / 2, 0);
        if (count > 0) continue;
        if (count == 0) return true;
        // Other filesystem, or one (such as procfs or FUSE) that cannot: by hand, from here on.
        return errno != ENOSPC && errno != EDQUOT && errno != EFBIG && by_hand(source, target);
    }
}

}  // namespace botbottle::files
