// Whole files in and out. A reader sees the old content or the new, never a part.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace botbottle::files {

// kSurvivesPowerLoss syncs the file before it is named and the directory after: for what an
// operator would miss. kSurvivesProcess orders nothing on disk and is ten times faster: for what a
// reboot ends anyway.
enum class Durability { kSurvivesPowerLoss, kSurvivesProcess };

struct WriteOptions {
    mode_t mode = 0600;
    Durability durability = Durability::kSurvivesPowerLoss;
};

// Replaces `path`. Its directory must exist. A symlink at `path` is replaced, not followed.
Result<void> write_atomically(const std::string& path, std::string_view content,
                              const WriteOptions& options = {});

// The content of a regular file; more than `limit` bytes is an error ("file_too_large"), and so is
// a FIFO or a device.
Result<std::string> read_file(const std::string& path, std::size_t limit = 16 * 1024 * 1024);

}  // namespace botbottle::files
