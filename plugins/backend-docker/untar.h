// Untar: what a bottle's tree becomes on this machine, from a tar archive as it comes. The archive
// is made by an engine of what an agent left behind, so nothing in it is believed: regular files,
// directories and symbolic links that stay in the tree are made, below one directory and without
// following any link; everything else is skipped and reported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host-bottle/tree_copy.h"
#include "host-bottle/unique_fd.h"

namespace backend_docker {

class Untar {
  public:
    // Makes `name` in the directory `parent`, in the place of the archive's first entry, below
    // which all others must lie.
    Untar(int parent, std::string name);

    // Throws for what is no archive, and when something cannot be written.
    void add(std::string_view bytes);
    // After the last byte.
    void finish();

    const host_bottle::CopySummary& summary() const { return summary_; }

  private:
    struct Entry {
        std::string path;  // below the root; empty: the root itself
        std::string target;
        char type = 0;
        unsigned mode = 0;
        std::uint64_t size = 0;
    };

    void header(std::string_view block);
    void begin(const Entry& entry);
    void data(std::string_view bytes);
    void end();
    void extended(std::string_view records);
    bool place(std::string& path);
    void make_directory(const Entry& entry);
    void make_file(const Entry& entry);
    void make_link(const Entry& entry);
    void copy_file(const Entry& entry);
    void write_with_holes(std::string_view bytes);
    void skip(const std::string& path, std::string reason);
    // The directory that an entry lies in, and its own name there.
    host_bottle::UniqueFd parent_of(const std::string& path, std::string& name) const;

    int parent_;
    std::string name_;
    std::optional<std::string> root_;  // the first entry's name in the archive
    host_bottle::UniqueFd directory_;  // once the root is one
    std::string block_;
    std::uint64_t left_ = 0;     // of the entry's data
    std::uint64_t padding_ = 0;  // behind it
    char collecting_ = 0;        // an entry that says something about the next one
    std::string collected_;
    std::map<std::string, std::string> told_;  // by it
    host_bottle::UniqueFd file_;
    unsigned file_mode_ = 0;
    std::uint64_t file_size_ = 0;  // what there is of it so far
    std::vector<std::pair<std::string, unsigned>> directory_modes_;
    bool ended_ = false;
    host_bottle::CopySummary summary_;
};

}  // namespace backend_docker
