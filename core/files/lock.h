// FileLock: one command at a time per bottle. Held by an open file, so that a killed holder frees
// it.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "files/unique_fd.h"

namespace botbottle::files {

class FileLock {
  public:
    // Waits until nobody else holds `path`. `waiting` is called once, with the holder's pid, before
    // the wait begins. A signal whose handler was installed without SA_RESTART ends the wait with
    // "interrupted".
    static Result<FileLock> acquire(
        const std::string& path,
        const std::function<void(const std::string& holder)>& waiting = {});

    // Releases, and removes the file: for a bottle that no longer exists.
    void release_and_remove() &&;

  private:
    FileLock(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}

    std::string path_;
    UniqueFd file_;
};

}  // namespace botbottle::files
