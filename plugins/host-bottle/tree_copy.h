// TreeCopy: a file, or a directory with what is in it, from one place to another, by descriptors
// only. Regular files, directories and symbolic links; everything else is skipped and reported.
// Holes stay holes, and blocks are shared where the filesystem can.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "files.h"

namespace host_bottle {

struct Skipped {
    std::string path;  // relative to what was copied
    std::string reason;
};

struct CopySummary {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::vector<Skipped> skipped;
    bool skipped_more = false;  // than are named
};

class TreeCopy {
  public:
    enum class Links {
        all,        // as they are: they will be read inside the bottle
        contained,  // only those that cannot lead out of the copied tree
    };

    TreeCopy(Links links, std::optional<Owner> owner) : links_(links), owner_(owner) {}

    // `source_name` in one directory to `target_name` in another. A file or link in its place is
    // replaced, an existing directory is added to.
    void copy(int source, const std::string& source_name, int target,
              const std::string& target_name);

    const CopySummary& summary() const { return summary_; }

    // The mode of every file that is copied, instead of its own.
    void set_mode(mode_t mode) { mode_ = mode; }

  private:
    void copy_entry(int source, const std::string& source_name, int target,
                    const std::string& target_name, const std::string& path, unsigned depth);
    void copy_file(int source, const std::string& source_name, int target,
                   const std::string& target_name, const std::string& path);
    void copy_directory(int source, const std::string& source_name, int target,
                        const std::string& target_name, const std::string& path, unsigned depth);
    void copy_link(int source, const std::string& source_name, int target,
                   const std::string& target_name, const std::string& path, unsigned depth);
    void skip(const std::string& path, std::string reason);
    void give(int fd) const;

    Links links_;
    std::optional<Owner> owner_;
    std::optional<mode_t> mode_;
    CopySummary summary_;
};

// Whether a symbolic link `depth` directories below the tree's root stays in the tree, whatever
// other contained links its target passes through: it starts with at most `depth` "..", and has
// none later.
bool is_contained_link(const std::string& target, unsigned depth);

// The data of a regular file, at most its size now.
std::uint64_t copy_data(int source, int target, const std::string& name);

// What is in a directory, without "." and "..".
std::vector<std::string> names_in(int directory);

// A name for a file that is renamed when it is complete.
std::string temporary_name();

// Removes a directory and all in it. `path` must be a directory of ours, not a link.
void remove_tree(const std::string& path);

}  // namespace host_bottle
