// A directory of one test's own, removed afterwards, with short ways to fill it and look at it.
#pragma once

#include <sys/stat.h>

#include <string>

class TemporaryDirectory {
  public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

    // Creates the directories above, too.
    std::string directory(const std::string& name) const;
    std::string file(const std::string& name, const std::string& content = "",
                     mode_t mode = 0644) const;

  private:
    std::string path_;
};

std::string slurp(const std::string& path);
struct stat status_of(const std::string& path);
bool exists(const std::string& path);
