#include "copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "fail.h"
#include "guest_files.h"
#include "tree_copy.h"

namespace host_bottle {
namespace {

constexpr mode_t kDefaultDirectoryMode = 0755;

std::string decode_base64(std::string_view text) {
    const auto value_of = [](char c) -> int {
        if (c >= 'A' && c <= 'Z') return c - 'A';
        if (c >= 'a' && c <= 'z') return c - 'a' + 26;
        if (c >= '0' && c <= '9') return c - '0' + 52;
        if (c == '+') return 62;
        if (c == '/') return 63;
        return -1;
    };
    if (text.size() % 4 != 0) fail_invalid("content_base64 is not base64");
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        const int value = value_of(c);
        if (value < 0) fail_invalid("content_base64 is not base64");
        bits = bits << 6 | static_cast<unsigned>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<char>(bits >> count & 0xff));
    }
    return bytes;
}

}  // namespace

mode_t mode_of(const Json& entry, mode_t fallback) {
    if (!entry.contains("mode")) return fallback;
    const auto text = entry.at("mode").get<std::string>();
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
    if (error != std::errc() || end != text.data() + text.size() || value > 0777) {
        fail_invalid("mode is not an octal number up to 0777");
    }
    return value;
}

std::string content_of(const Json& entry) {
    return entry.contains("content_base64")
               ? decode_base64(entry.at("content_base64").get<std::string>())
               : entry.at("content").get<std::string>();
}

namespace {

// One copy_in request: who owns what is written.
class Importer {
  public:
    Importer(const Bottle& bottle, Owner owner) : bottle_(bottle), bottles_owner_(owner) {}

    void add(const Json& entry) {
        const std::string guest = absolute_path(entry, "path");
        const GuestPath path = locate(bottle_, guest);
        owner_.reset();
        if (geteuid() == 0 && path.agent_owned) owner_ = bottles_owner_;
        keep_ = path.agent_owned ? 0 : S_ISVTX;
        const auto type = entry.at("type").get<std::string>();
        const UniqueFd root = open_root(path.root);
        if (type == "directory" && !entry.contains("source")) {
            const UniqueFd directory = make_directories(root.get(), path.relative);
            if (fchmod(directory.get(), mode_of(entry, kDefaultDirectoryMode)) != 0) {
                fail_errno(guest);
            }
            return;
        }
        if (type != "file" && type != "directory") fail_invalid("type is file or directory");
        const std::size_t slash = path.relative.rfind('/');
        const bool nested = slash != std::string::npos;
        const std::string name = nested ? path.relative.substr(slash + 1) : path.relative;
        const UniqueFd parent =
            make_directories(root.get(), nested ? path.relative.substr(0, slash) : std::string());
        if (entry.contains("source")) {
            copy_source(entry, parent.get(), name);
        } else {
            write_content(entry, parent.get(), name);
        }
    }

  private:
    // Each directory on the way, made when it is missing; the last one is returned.
    UniqueFd make_directories(int root, const std::string& relative) {
        UniqueFd current = open_beneath(root, "", O_RDONLY | O_DIRECTORY);
        for (std::size_t begin = 0; begin < relative.size();) {
            const std::size_t end = std::min(relative.find('/', begin), relative.size());
            const std::string name = relative.substr(begin, end - begin);
            begin = end + 1;
            const bool made = mkdirat(current.get(), name.c_str(), kDefaultDirectoryMode) == 0;
            if (!made && errno != EEXIST) fail_errno(relative);
            UniqueFd next = open_beneath(current.get(), name, O_RDONLY | O_DIRECTORY);
            if (!next) fail_errno(relative);
            if (made) give(next.get(), relative);
            current = std::move(next);
        }
        return current;
    }

    void write_content(const Json& entry, int parent, const std::string& name) {
        if (name.empty()) fail_invalid("a file cannot replace the directory");
        const std::string content = content_of(entry);
        const std::string temporary = temporary_name();
        const UniqueFd file = open_beneath(parent, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (!file) fail_errno(name);
        try {
            write_all(file.get(), content, name);
            give(file.get(), name);
            if (fchmod(file.get(), mode_of(entry, 0644) | keep_) != 0 ||
                renameat(parent, temporary.c_str(), parent, name.c_str()) != 0) {
                fail_errno(name);
            }
        } catch (...) {
            unlinkat(parent, temporary.c_str(), 0);
            throw;
        }
    }

    void copy_source(const Json& entry, int parent, const std::string& name) {
        const std::string source = absolute_path(entry, "source");
        const std::size_t slash = source.rfind('/');
        const UniqueFd directory = open_root(slash == 0 ? "/" : source.substr(0, slash));
        TreeCopy copy(TreeCopy::Links::all, owner_);
        if (entry.contains("mode") && entry.at("type") == "file")
            copy.set_mode(mode_of(entry, 0) | keep_);
        copy.copy(directory.get(), source.substr(slash + 1), parent, name.empty() ? "." : name);
        if (copy.summary().files == 0 && !copy.summary().skipped.empty()) {
            fail("not_copied", source + ": " + copy.summary().skipped.front().reason);
        }
    }

    void give(int fd, const std::string& name) const {
        if (owner_ && fchown(fd, owner_->uid, owner_->gid) != 0) fail_errno(name);
    }

    const Bottle& bottle_;
    Owner bottles_owner_;
    std::optional<Owner> owner_;
    mode_t keep_ = 0;  // for files of the runtime directory, see write_file
};

}  // namespace

Json copy_in(const Bottle& bottle, Owner owner, const Json& request) {
    Importer importer(bottle, owner);
    for (const Json& entry : request.at("entries"))
        importer.add(entry);
    return Json::object();
}

Json copy_out(const Bottle& bottle, const Json& request) {
    const GuestPath path = locate(bottle, absolute_path(request, "path"));
    const std::string destination = absolute_path(request, "destination");
    const UniqueFd root = open_root(path.root);
    const std::size_t slash = destination.rfind('/');
    const UniqueFd target = open_root(slash == 0 ? "/" : destination.substr(0, slash));

    // One step at a time, so that the entry itself is judged, not what a link in its place leads
    // to.
    const std::size_t last = path.relative.rfind('/');
    const bool nested = last != std::string::npos;
    const UniqueFd parent = open_beneath(
        root.get(), nested ? path.relative.substr(0, last) : std::string(), O_RDONLY | O_DIRECTORY);
    if (!parent) fail_errno(path.relative);
    const std::string name = nested ? path.relative.substr(last + 1) : path.relative;
    struct stat status = {};
    if (fstatat(parent.get(), name.empty() ? "." : name.c_str(), &status, AT_SYMLINK_NOFOLLOW) !=
        0) {
        throw OperationError(BOTBOTTLE_NOT_FOUND, "no_such_file",
                             path.relative + " does not exist");
    }
    TreeCopy copy(TreeCopy::Links::contained, std::nullopt);
    copy.copy(parent.get(), name.empty() ? "." : name, target.get(), destination.substr(slash + 1));

    Json skipped = Json::array();
    for (const Skipped& entry : copy.summary().skipped) {
        skipped.push_back({{"path", entry.path}, {"reason", entry.reason}});
    }
    return {{"files", copy.summary().files},
            {"bytes", copy.summary().bytes},
            {"skipped", skipped},
            {"skipped_more", copy.summary().skipped_more}};
}

}  // namespace host_bottle
