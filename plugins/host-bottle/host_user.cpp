#include "host_user.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <sstream>

namespace host_bottle {
namespace {

// Nobody's: above what shadow, systemd, container engines and directory services (SSSD: 2000200000)
// hand out, and below 2^31.
constexpr std::uint64_t kFirstUid = 0x78000000;
constexpr std::uint64_t kUids = 0x08000000;
constexpr std::size_t kMaxMap = 64 * 1024;  // 340 lines at most

// FNV-1a: spread evenly, and the same on every machine.
std::uint64_t hash(const std::string& text) {
    std::uint64_t value = 0xcbf29ce484222325u;
    for (const char c : text)
        value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return value;
}

}  // namespace

bool is_host_root() {
    if (geteuid() != 0) return false;
    const char* const path = "/proc/self/uid_map";
    const UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
    return file && maps_bottle_uids(read_all(file.get(), kMaxMap, path));
}

Owner owner_for(const std::string& identity) {
    if (!is_host_root()) return {geteuid(), getegid()};
    const auto id = static_cast<uid_t>(kFirstUid + hash(identity) % kUids);
    return {id, id};
}

bool maps_bottle_uids(std::string_view uid_map) {
    std::istringstream lines{std::string(uid_map)};
    std::uint64_t inside = 0;
    std::uint64_t outside = 0;
    std::uint64_t count = 0;
    while (lines >> inside >> outside >> count) {
        if (inside <= kFirstUid && inside + count >= kFirstUid + kUids) return true;
    }
    return false;
}

}  // namespace host_bottle
