// RFC 9112 6: how a message's fields give its framing, without ever choosing between two readings.
#include "http/message_rules.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace botbottle::http {
namespace {

constexpr std::uint64_t kLargestLength = (std::uint64_t{1} << 63) - 1;
constexpr std::size_t kMostLengthDigits = 19;

// RFC 9110 8.6, without the list form: digits only, below 2^63.
std::optional<std::uint64_t> content_length(std::string_view text) noexcept {
    std::uint64_t length = 0;
    if (text.empty() || text.size() > kMostLengthDigits ||
        !std::all_of(text.begin(), text.end(), is_digit))
        return std::nullopt;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (code != std::errc{} || end != text.data() + text.size() || length > kLargestLength)
        return std::nullopt;
    return length;
}

}  // namespace

Version parse_version(std::string_view text) noexcept {
    if (text.size() != 8 || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
        !is_digit(text[7])) {
        return Version::kMalformed;
    }
    if (text[5] != '1' || text[7] > '1') return Version::kOther;
    return text[7] == '1' ? Version::kHttp11 : Version::kHttp10;
}

Gathered gather(const HeaderFields& fields) {
    Gathered seen;
    for (const auto& field : fields) {
        switch (field.id) {
            case HeaderId::kHost:
                ++seen.hosts;
                seen.host = field.value;
                break;
            case HeaderId::kContentLength:
                ++seen.lengths;
                seen.length = field.value;
                seen.disguised |= field.name[7] == '_';
                break;
            case HeaderId::kTransferEncoding:
                ++seen.codings;
                seen.coding = field.value;
                seen.disguised |= field.name[8] == '_';
                break;
            case HeaderId::kConnection:
                for_each_list_member(field.value, [&seen](std::string_view member) {
                    ++seen.options;
                    seen.close |= equal_ignoring_case(member, "close");
                    seen.upgrade_listed |= equal_ignoring_case(member, "upgrade");
                });
                break;
            case HeaderId::kTe:
                for_each_list_member(field.value, [&seen](std::string_view member) {
                    seen.trailers |= equal_ignoring_case(member, "trailers");
                });
                break;
            case HeaderId::kExpect:
                seen.expect = field.value;
                break;
            case HeaderId::kUpgrade:
                seen.upgrade = field.value;
                break;
            default:
                break;
        }
    }
    if (!seen.upgrade_listed) seen.upgrade = {};
    return seen;
}

FramingVerdict framing_of(const Gathered& seen, int minor_version, BodyKind without_length) {
    const auto refused = [](int status, std::string_view rule, std::string_view reason) {
        return FramingVerdict{{}, {status, rule, reason}};
    };
    if (seen.disguised) {
        return refused(400, "disguised_framing", "a framing header is spelled with an underscore");
    }
    if (seen.codings > 0) {
        if (seen.lengths > 0) {
            return refused(400, "length_and_coding",
                           "Content-Length and Transfer-Encoding stand together");
        }
        if (minor_version == 0) {
            return refused(400, "coding_in_http10", "HTTP/1.0 has no Transfer-Encoding");
        }
        if (seen.codings > 1) {
            return refused(400, "duplicate_coding", "Transfer-Encoding stands more than once");
        }
        if (!equal_ignoring_case(seen.coding, "chunked")) {
            return refused(501, "unknown_coding", "the transfer coding is not exactly \"chunked\"");
        }
        return {{BodyKind::kChunked, std::nullopt}, {}};
    }
    if (seen.lengths == 0) return {{without_length, std::nullopt}, {}};
    if (seen.lengths > 1) {
        return refused(400, "duplicate_length", "Content-Length stands more than once");
    }
    const auto length = content_length(seen.length);
    if (!length) return refused(400, "bad_length", "Content-Length is not one decimal number");
    return {{BodyKind::kLength, length}, {}};
}

}  // namespace botbottle::http
