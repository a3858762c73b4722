// Files of ours on the host: the runtime and state directories of a bottle, which nobody else
// writes. (Trees that the bottle writes to are another matter: see copy.cpp.)
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "unique_fd.h"

namespace host_bottle {

struct Owner {
    uid_t uid;
    gid_t gid;
};

// The directory, made when it is missing (its parent must exist), with this mode. Refuses a symlink
// and a directory of someone else.
void make_directory(const std::string& path, mode_t mode);

// Gives a file or directory away. Only root has someone to give to.
void give_to(const std::string& path, Owner owner);

// With the sticky bit, by which cleaners of /tmp and of $XDG_RUNTIME_DIR know what is still used
// (XDG Base Directory Specification).
void write_file(const std::string& path, std::string_view content, mode_t mode);

// Replaces the file as a whole. Not fsynced: it says which process runs, which no crash of the
// machine outlives.
void replace_file(const std::string& path, std::string_view content);

// Nothing when the file is missing. Refuses a symlink, a file of someone else, and more than 1 MiB.
std::optional<std::string> read_file(const std::string& path);

bool exists(const std::string& path);

// `path` resolved; nothing when it does not exist.
std::optional<std::string> real_path(const std::string& path);

// "/a" and "b" of "/a/b".
std::string parent_of(const std::string& path);
std::string name_of(const std::string& path);

// Whether `path` is `directory` or lies in it. Both absolute and resolved.
bool lies_in(const std::string& path, const std::string& directory);

void write_all(int fd, std::string_view content, const std::string& name);
std::string read_all(int fd, std::size_t limit, const std::string& name);

}  // namespace host_bottle
