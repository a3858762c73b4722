#include "tar.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

namespace backend_docker {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kLongestName = 100;

// Offsets and lengths of a ustar header's fields (POSIX.1-1988).
struct Field {
    std::size_t offset;
    std::size_t length;
};
constexpr Field kName = {0, 100};
constexpr Field kMode = {100, 8};
constexpr Field kUid = {108, 8};
constexpr Field kGid = {116, 8};
constexpr Field kSize = {124, 12};
constexpr Field kTime = {136, 12};
constexpr Field kChecksum = {148, 8};
constexpr std::size_t kType = 156;
constexpr Field kLink = {157, 100};
constexpr std::size_t kMagic = 257;

using Block = std::array<char, kBlock>;

void put_text(Block& block, Field field, std::string_view text) {
    std::memcpy(block.data() + field.offset, text.data(), std::min(text.size(), field.length));
}

void put_number(Block& block, Field field, std::size_t value) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%0*zo", static_cast<int>(field.length) - 1, value);
    put_text(block, field, digits);
}

// "25 path=…\n": the number counts itself.
std::string pax_record(const std::string& key, const std::string& value) {
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest;
    while (rest + std::to_string(length).size() != length)
        length = rest + std::to_string(length).size();
    return std::to_string(length) + " " + key + "=" + value + "\n";
}

}  // namespace

void Tar::add_header(const std::string& path, char type, unsigned mode, std::size_t size,
                     const std::string& target) {
    std::string extended;
    if (path.size() > kLongestName) extended += pax_record("path", path);
    if (target.size() > kLongestName) extended += pax_record("linkpath", target);
    if (!extended.empty()) {
        add_header("pax", 'x', 0644, extended.size(), "");
        add_data(extended);
    }
    Block block = {};
    put_text(block, kName, path);
    put_number(block, kMode, mode);
    put_number(block, kUid, uid_);
    put_number(block, kGid, gid_);
    put_number(block, kSize, size);
    put_number(block, kTime, time_);
    block[kType] = type;
    put_text(block, kLink, target);
    std::memcpy(block.data() + kMagic,
                "ustar\0"
                "00",
                8);
    // Summed up with spaces in its own place.
    put_text(block, kChecksum, "        ");
    unsigned sum = 0;
    for (const char c : block)
        sum += static_cast<unsigned char>(c);
    char digits[kChecksum.length];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    std::memcpy(block.data() + kChecksum.offset, digits, 7);
    bytes_.append(block.data(), block.size());
}

void Tar::add_data(std::string_view content) {
    bytes_.append(content);
    bytes_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
}

void Tar::add_directory(const std::string& path, unsigned mode) {
    add_header(path + "/", '5', mode, 0, "");
}

void Tar::add_file(const std::string& path, unsigned mode, std::string_view content) {
    add_header(path, '0', mode, content.size(), "");
    add_data(content);
}

void Tar::begin_file(const std::string& path, unsigned mode, std::size_t size) {
    add_header(path, '0', mode, size, "");
    file_size_ = size;
}

void Tar::end_file() {
    bytes_.append((kBlock - file_size_ % kBlock) % kBlock, '\0');
}

void Tar::add_link(const std::string& path, const std::string& target) {
    add_header(path, '2', 0777, 0, target);
}

std::string Tar::take() {
    bytes_.append(2 * kBlock, '\0');
    return std::exchange(bytes_, {});
}

}  // namespace backend_docker
