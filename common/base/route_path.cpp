// Canonical paths: the raw text is decoded and validated in one pass; dots are looked at only if
// there are any.
#include "base/route_path.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace botbottle {
namespace {

constexpr std::string_view kDotSegment = "a dot segment";
constexpr std::string_view kDotParameter = "a dot segment with a parameter";
constexpr std::string_view kEmptySegment = "an empty segment (//)";
constexpr std::string_view kEncodedSlash = "an encoded slash or backslash";
constexpr std::string_view kEncodedControl = "an encoded control byte";
constexpr std::string_view kDoubleEncoding = "a double encoding";
constexpr std::string_view kNonAscii = "an encoded byte outside ASCII";

std::optional<unsigned char> escaped_byte(std::string_view text, std::size_t percent) noexcept {
    if (text.size() - percent < 3) return std::nullopt;
    const int high = hex_value(text[percent + 1]);
    const int low = hex_value(text[percent + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    return static_cast<unsigned char>(high * 16 + low);
}

// Looks at the canonical text, since decoding can itself complete an escape (%25%32e).
std::string_view ambiguity_of_escapes(std::string_view text) noexcept {
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3)) {
        const unsigned char byte = *escaped_byte(text, at);
        if (byte == '/' || byte == '\\') return kEncodedSlash;
        if (byte < 0x20 || byte == 0x7f) return kEncodedControl;
        if (byte >= 0x80) return kNonAscii;
        const bool hex_follows =
            text.size() - at >= 5 && hex_value(text[at + 3]) >= 0 && hex_value(text[at + 4]) >= 0;
        if (byte == '%' && hex_follows) return kDoubleEncoding;
    }
    return {};
}

// The segment without `;parameters`, which some origins cut off before they look for dots.
std::string_view without_parameters(std::string_view segment) noexcept {
    return segment.substr(0, std::min(segment.find(';'), segment.find("%3B")));
}

// RFC 3986 5.2.4 on an absolute path; reports what it saw on the way.
std::string remove_dot_segments(std::string_view path, std::string_view& ambiguity) {
    std::vector<std::string_view> kept;
    bool ends_open = false;  // the last segment was a dot segment: the result ends in "/"
    for (std::string_view rest = path.substr(1);;) {
        const auto slash = rest.find('/');
        const auto segment = rest.substr(0, slash);
        const auto bare = without_parameters(segment);
        const bool dots = bare == "." || bare == "..";
        ends_open = false;
        if (dots && bare.size() != segment.size()) {
            ambiguity = kDotParameter;
            kept.push_back(segment);
        } else if (dots) {
            ambiguity = kDotSegment;
            ends_open = true;
            if (segment == ".." && !kept.empty()) kept.pop_back();
        } else {
            kept.push_back(segment);
        }
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    std::string out;
    out.reserve(path.size());
    for (const auto segment : kept)
        out.append("/").append(segment);
    if (ends_open || out.empty()) out.push_back('/');
    return out;
}

}  // namespace

Result<RoutePath> RoutePath::canonicalize(std::string_view raw) {
    if (raw.empty() || raw.front() != '/') {
        return failure("invalid_path", "the path does not begin with a slash",
                       "write it from the root: /…");
    }
    RoutePath path;
    path.text_.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size();) {
        const char c = raw[i];
        if (!is_path_byte(c)) {
            return failure("invalid_path", "the path holds a byte that no path may hold",
                           "percent-encode it");
        }
        if (c != '%') {
            if (c == '/' && !path.text_.empty() && path.text_.back() == '/') {
                path.ambiguity_ = kEmptySegment;
            }
            path.text_.push_back(c);
            ++i;
            continue;
        }
        const auto byte = escaped_byte(raw, i);
        if (!byte)
            return failure("invalid_path", "the path holds a malformed percent escape",
                           "write a plain % as %25");
        if (is_unreserved(static_cast<char>(*byte))) {
            path.text_.push_back(static_cast<char>(*byte));
        } else {
            constexpr std::string_view kHex = "0123456789ABCDEF";
            path.text_ += {'%', kHex[*byte >> 4], kHex[*byte & 15]};
        }
        i += 3;
    }
    if (const auto why = ambiguity_of_escapes(path.text_); !why.empty()) path.ambiguity_ = why;
    // Only a segment that begins with a dot can be a dot segment.
    if (path.text_.find("/.") != std::string::npos) {
        path.text_ = remove_dot_segments(path.text_, path.ambiguity_);
    }
    return path;
}

Result<RoutePath> RoutePath::parse_prefix(std::string_view text) {
    auto path = canonicalize(text);
    if (!path) return path;
    if (!path->ambiguity_.empty()) {
        return failure("invalid_path", "the path holds " + std::string(path->ambiguity_) +
                                           ", which origins read differently");
    }
    if (path->text_ != text) {
        return failure("invalid_path", "the path is not in canonical form", "write " + path->text_);
    }
    return path;
}

bool RoutePath::is_under(const RoutePath& prefix) const noexcept {
    if (!text_.starts_with(prefix.text_)) return false;
    return prefix.text_.ends_with('/') || text_.size() == prefix.text_.size() ||
           text_[prefix.text_.size()] == '/';
}

}  // namespace botbottle
