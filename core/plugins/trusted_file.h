// Opening a file whose content will be run: nobody but root and the user may have been able to
// write it or to put another in its place. What is checked is the open descriptor and every
// directory on the way, not a path that may mean something else a moment later.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"
#include "files/unique_fd.h"

namespace botbottle {

// The directory, opened O_PATH. Each directory and link on the way must belong to root or `user`,
// and none may be writable by others; above the last one a sticky directory (/tmp) may. Errors:
// `directory_missing`, `directory_unreadable`, `directory_foreign`, `directory_writable`.
Result<UniqueFd> open_trusted_directory(const std::string& path, uid_t user);

// A file in it, opened for reading; `name` has no slash. `path` is for messages. Errors:
// `file_missing`, `file_unreadable`, `not_a_regular_file`, `file_foreign`, `file_writable`.
Result<UniqueFd> open_trusted_file(const UniqueFd& directory, const std::string& name,
                                   const std::string& path, uid_t user);

}  // namespace botbottle
