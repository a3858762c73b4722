#include "untar.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "host-bottle/fail.h"
#include "host-bottle/guest_files.h"

namespace backend_docker {
namespace {

using host_bottle::fail;
using host_bottle::fail_errno;
using host_bottle::open_beneath;
using host_bottle::UniqueFd;

constexpr std::size_t kBlock = 512;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kMostExtended = 1024 * 1024;
constexpr std::size_t kMaxReported = 1000;
constexpr std::ptrdiff_t kMaxDepth = 128;
constexpr unsigned kPermissions = 0777;

[[noreturn]] void refuse(const char* why) {
    fail("bad_archive", std::string("the engine's archive makes no sense: ") + why);
}

std::string text_at(std::string_view block, std::size_t offset, std::size_t length) {
    const std::string_view field = block.substr(offset, length);
    return std::string(field.substr(0, field.find('\0')));
}

// Octal, or (GNU, for what is too large) binary with the first bit set.
std::uint64_t number_at(std::string_view block, std::size_t offset, std::size_t length) {
    std::string_view field = block.substr(offset, length);
    std::uint64_t value = 0;
    if ((static_cast<unsigned char>(field[0]) & 0x80) != 0) {
        for (const char c : field.substr(field.size() - 8))
            value = value << 8 | static_cast<unsigned char>(c);
        return value & ~(std::uint64_t{1} << 63);
    }
    while (!field.empty() && field.front() == ' ')
        field.remove_prefix(1);
    while (!field.empty() && (field.back() == ' ' || field.back() == '\0'))
        field.remove_suffix(1);
    if (field.empty()) return 0;
    const auto parsed = std::from_chars(field.data(), field.data() + field.size(), value, 8);
    if (parsed.ec != std::errc() || parsed.ptr != field.data() + field.size())
        refuse("a number is none");
    return value;
}

bool sums_up(std::string_view block) {
    constexpr std::size_t kAt = 148;
    constexpr std::size_t kLength = 8;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const bool own = i >= kAt && i < kAt + kLength;
        sum += own ? ' ' : static_cast<unsigned char>(block[i]);
    }
    return sum == number_at(block, kAt, kLength);
}

}  // namespace

Untar::Untar(int parent, std::string name) : parent_(parent), name_(std::move(name)) {}

void Untar::add(std::string_view bytes) {
    while (!bytes.empty()) {
        if (ended_) return;  // blocks of zeros
        if (left_ > 0) {
            const auto size =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
            left_ -= size;
            data(bytes.substr(0, size));
            bytes.remove_prefix(size);
            if (left_ == 0) end();
            continue;
        }
        if (padding_ > 0) {
            const auto size =
                static_cast<std::size_t>(std::min<std::uint64_t>(padding_, bytes.size()));
            padding_ -= size;
            bytes.remove_prefix(size);
            continue;
        }
        const std::size_t size = std::min(kBlock - block_.size(), bytes.size());
        block_ += bytes.substr(0, size);
        bytes.remove_prefix(size);
        if (block_.size() == kBlock) header(std::exchange(block_, {}));
    }
}

void Untar::finish() {
    if (left_ != 0 || !block_.empty() || !ended_) refuse("it breaks off");
    if (!root_) refuse("it is empty");
    // From within outwards, so that a directory that nobody may write to does not stop us.
    for (auto entry = directory_modes_.rbegin(); entry != directory_modes_.rend(); ++entry) {
        const UniqueFd directory =
            open_beneath(directory_.get(), entry->first, O_RDONLY | O_DIRECTORY);
        if (!directory || fchmod(directory.get(), entry->second) != 0) fail_errno(entry->first);
    }
}

void Untar::header(std::string_view block) {
    if (block.find_first_not_of('\0') == std::string_view::npos) {
        ended_ = true;
        return;
    }
    if (!sums_up(block)) refuse("a checksum is wrong");
    Entry entry;
    entry.type = block[156];
    entry.mode = static_cast<unsigned>(number_at(block, 100, 8)) & kPermissions;
    entry.size = number_at(block, 124, 12);
    entry.target = text_at(block, 157, 100);
    entry.path = text_at(block, 0, 100);
    const bool ustar = block.substr(257, 6) == std::string_view("ustar\0", 6);
    if (const std::string prefix = ustar ? text_at(block, 345, 155) : ""; !prefix.empty())
        entry.path = prefix + "/" + entry.path;
    if (entry.type == 'x' || entry.type == 'g' || entry.type == 'L' || entry.type == 'K') {
        if (entry.size > kMostExtended) refuse("a name is too long");
        collecting_ = entry.type;
        collected_.clear();
    } else {
        if (const auto path = told_.find("path"); path != told_.end()) entry.path = path->second;
        if (const auto link = told_.find("linkpath"); link != told_.end())
            entry.target = link->second;
        if (const auto size = told_.find("size"); size != told_.end()) {
            const std::string& text = size->second;
            if (std::from_chars(text.data(), text.data() + text.size(), entry.size).ec !=
                std::errc())
                refuse("a size is none");
        }
        told_.clear();
        // Only a file has data, whatever its header says.
        if (entry.type != '0' && entry.type != '\0' && entry.type != '7') entry.size = 0;
    }
    left_ = entry.size;
    padding_ = (kBlock - entry.size % kBlock) % kBlock;
    if (collecting_ == 0) begin(entry);
    if (left_ == 0) end();
}

void Untar::data(std::string_view bytes) {
    if (collecting_ != 0) {
        collected_ += bytes;
    } else if (file_) {
        write_with_holes(bytes);
        summary_.bytes += bytes.size();
    }
}

// Archives spell zeros out. What is nothing else stays a hole, so that an agent's huge empty file
// takes no room here either.
void Untar::write_with_holes(std::string_view bytes) {
    const auto page = [&](std::size_t from) {
        const std::size_t to_edge = kPage - static_cast<std::size_t>((file_size_ + from) % kPage);
        return bytes.substr(from, to_edge);
    };
    const auto is_empty = [](std::string_view part) {
        return part.find_first_not_of('\0') == std::string_view::npos;
    };
    while (!bytes.empty()) {
        const bool empty = is_empty(page(0));
        std::size_t size = page(0).size();
        while (size < bytes.size() && is_empty(page(size)) == empty)
            size += page(size).size();
        if (!empty) {
            host_bottle::write_all(file_.get(), bytes.substr(0, size), name_);
        } else if (lseek(file_.get(), static_cast<off_t>(size), SEEK_CUR) < 0) {
            fail_errno(name_);
        }
        file_size_ += size;
        bytes.remove_prefix(size);
    }
}

void Untar::end() {
    if (collecting_ == 'x') extended(collected_);
    if (collecting_ == 'L') told_["path"] = collected_.substr(0, collected_.find('\0'));
    if (collecting_ == 'K') told_["linkpath"] = collected_.substr(0, collected_.find('\0'));
    if (collecting_ == 0 && file_) {
        if (ftruncate(file_.get(), static_cast<off_t>(file_size_)) != 0 ||
            fchmod(file_.get(), file_mode_) != 0)
            fail_errno(name_);
        file_.reset();
        ++summary_.files;
    }
    collecting_ = 0;
}

// "25 path=…\n", repeated.
void Untar::extended(std::string_view records) {
    while (!records.empty()) {
        std::size_t length = 0;
        const auto parsed =
            std::from_chars(records.data(), records.data() + records.size(), length);
        const auto digits = static_cast<std::size_t>(parsed.ptr - records.data());
        if (parsed.ec != std::errc() || length > records.size() || length < digits + 3 ||
            records[digits] != ' ' || records[length - 1] != '\n')
            refuse("an extended header");
        const std::string_view record = records.substr(digits + 1, length - digits - 2);
        const std::size_t equals = record.find('=');
        if (equals == std::string_view::npos) refuse("an extended header");
        // Nothing else is heard, however much of it there is.
        const std::string_view key = record.substr(0, equals);
        if (key == "path" || key == "linkpath" || key == "size")
            told_[std::string(key)] = std::string(record.substr(equals + 1));
        records.remove_prefix(length);
    }
}

// The path below the root. False for one that is none of it.
bool Untar::place(std::string& path) {
    while (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    if (path.starts_with("./")) path.erase(0, 2);
    if (path.find('\0') != std::string::npos) return false;
    if (!root_) {
        if (path.empty() || path.find('/') != std::string::npos || path == "..") return false;
        root_ = path;
    }
    if (path == *root_) {
        path.clear();
        return true;
    }
    if (!path.starts_with(*root_ + "/")) return false;
    path.erase(0, root_->size() + 1);
    const std::string closed = "/" + path + "/";
    return closed.find("/../") == std::string::npos && closed.find("//") == std::string::npos &&
           closed.find("/./") == std::string::npos;
}

void Untar::begin(const Entry& found) {
    Entry entry = found;
    if (!place(entry.path)) refuse("an entry lies outside");
    if (std::count(entry.path.begin(), entry.path.end(), '/') >= kMaxDepth)
        return skip(entry.path, "too many levels of directories");
    switch (entry.type) {
        case '0':
        case '\0':
        case '7':
            return make_file(entry);
        case '1':
            return copy_file(entry);
        case '2':
            return make_link(entry);
        case '5':
            return make_directory(entry);
        case '6':
            return skip(entry.path, "a FIFO");
        default:
            return skip(entry.path, "a device");
    }
}

void Untar::skip(const std::string& path, std::string reason) {
    if (summary_.skipped.size() < kMaxReported)
        summary_.skipped.push_back({path.empty() ? "." : path, std::move(reason)});
    else
        summary_.skipped_more = true;
}

UniqueFd Untar::parent_of(const std::string& path, std::string& name) const {
    if (path.empty()) {
        name = name_;
        return UniqueFd(fcntl(parent_, F_DUPFD_CLOEXEC, 0));
    }
    if (!directory_) return {};
    const std::size_t slash = path.rfind('/');
    name = slash == std::string::npos ? path : path.substr(slash + 1);
    return open_beneath(directory_.get(),
                        slash == std::string::npos ? std::string() : path.substr(0, slash),
                        O_RDONLY | O_DIRECTORY);
}

void Untar::make_directory(const Entry& entry) {
    std::string name;
    const UniqueFd parent = parent_of(entry.path, name);
    if (!parent) return skip(entry.path, "its directory was not there");
    if (mkdirat(parent.get(), name.c_str(), 0700) != 0) fail_errno(name);
    if (entry.path.empty()) {
        directory_ = open_beneath(parent.get(), name, O_RDONLY | O_DIRECTORY);
        if (!directory_) fail_errno(name);
    }
    directory_modes_.emplace_back(entry.path, entry.mode);
}

void Untar::make_file(const Entry& entry) {
    std::string name;
    const UniqueFd parent = parent_of(entry.path, name);
    if (!parent) return skip(entry.path, "its directory was not there");
    file_ = open_beneath(parent.get(), name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!file_) fail_errno(name);
    file_mode_ = entry.mode;
    file_size_ = 0;
}

void Untar::make_link(const Entry& entry) {
    std::string name;
    const UniqueFd parent = parent_of(entry.path, name);
    const auto depth = static_cast<unsigned>(std::count(entry.path.begin(), entry.path.end(), '/'));
    if (entry.path.empty() || !host_bottle::is_contained_link(entry.target, depth))
        return skip(entry.path, "a link that leads out of the copied directory");
    if (!parent) return skip(entry.path, "its directory was not there");
    if (symlinkat(entry.target.c_str(), parent.get(), name.c_str()) != 0) fail_errno(name);
    ++summary_.files;
}

// A second name of a file becomes a file of its own.
void Untar::copy_file(const Entry& entry) {
    std::string from = entry.target;
    std::string name;
    const UniqueFd parent = parent_of(entry.path, name);
    if (!place(from) || !parent || !directory_)
        return skip(entry.path, "a hard link to something else");
    std::string from_name;
    const UniqueFd from_parent = parent_of(from, from_name);
    const UniqueFd source =
        from_parent ? host_bottle::open_regular(from_parent.get(), from_name) : UniqueFd();
    struct stat status = {};
    if (!source || fstat(source.get(), &status) != 0)
        return skip(entry.path, "a hard link to something else");
    const UniqueFd file = open_beneath(parent.get(), name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!file) fail_errno(name);
    summary_.bytes += host_bottle::copy_data(source.get(), file.get(), name);
    if (fchmod(file.get(), status.st_mode & kPermissions) != 0) fail_errno(name);
    ++summary_.files;
}

}  // namespace backend_docker
