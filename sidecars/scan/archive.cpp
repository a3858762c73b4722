#include "scan/archive.h"

#include <algorithm>
#include <array>

namespace botbottle::scan {
namespace {

constexpr std::array<std::string_view, 4> kOpaque = {std::string_view("7z\xbc\xaf\x27\x1c", 6),
                                                     std::string_view("\xfd"
                                                                      "7zXZ\0",
                                                                      6),
                                                     std::string_view("BZh"),
                                                     std::string_view("Rar!\x1a\x07", 6)};

std::size_t number(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]) |
           static_cast<std::size_t>(static_cast<unsigned char>(text[at + 1])) << 8U;
}

}  // namespace

std::optional<ZipHead> read_zip_head(std::string_view text) {
    if (text.size() < kZipHead || !text.starts_with(kZipMagic)) return std::nullopt;
    constexpr std::size_t kFlags = 6;
    constexpr std::size_t kMethod = 8;
    constexpr std::size_t kName = 26;
    constexpr std::size_t kExtra = 28;
    constexpr std::size_t kEncrypted = 1;
    constexpr std::size_t kStore = 0;
    constexpr std::size_t kDeflate = 8;
    ZipHead head;
    head.size = kZipHead + number(text, kName) + number(text, kExtra);
    const std::size_t method = number(text, kMethod);
    if ((number(text, kFlags) & kEncrypted) != 0) return head;
    if (method == kStore) head.content = ZipHead::Content::kStored;
    if (method == kDeflate) head.content = ZipHead::Content::kDeflated;
    return head;
}

bool is_opaque_archive(std::string_view beginning) {
    return std::any_of(kOpaque.begin(), kOpaque.end(),
                       [&](std::string_view magic) { return beginning.starts_with(magic); });
}

}  // namespace botbottle::scan
