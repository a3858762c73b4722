// Archives: how a file begins in a zip archive, and beginnings of what is not looked into. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace botbottle::scan {

inline constexpr std::string_view kZipMagic("PK\x03\x04", 4);
// Without the name and the extra field (APPNOTE.TXT 4.3.7).
inline constexpr std::size_t kZipHead = 30;

struct ZipHead {
    std::size_t size = 0;  // so many bytes stand before the file's own
    enum class Content : std::uint8_t {
        kStored,
        kDeflated,
        kOpaque  // encrypted, or by a method that nobody here knows
    } content = Content::kOpaque;
};

// Nothing while `text` is shorter than kZipHead, or does not begin with kZipMagic.
std::optional<ZipHead> read_zip_head(std::string_view text);

// 7z, xz, bzip2, rar: a search sees nothing in them.
bool is_opaque_archive(std::string_view beginning);

}  // namespace botbottle::scan
