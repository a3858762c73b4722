// The JSON of a denial, written by hand: it must not fail, whatever bytes it quotes.
#include "http/denial.h"

#include <array>
#include <cstddef>

#include "http/serializer.h"

namespace botbottle::http {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// The size of the UTF-8 sequence at `at` (Unicode table 3-7), or 0 when there is none.
std::size_t utf8_size(std::string_view text, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return byte(i) >= low && byte(i) <= high;
    };
    const unsigned lead = byte(at);
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return continues(at + 1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;   // no overlong form
        const unsigned high = lead == 0xed ? 0x9f : 0xbf;  // no surrogate
        return continues(at + 1, low, high) && continues(at + 2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
        return continues(at + 1, low, high) && continues(at + 2) && continues(at + 3) ? 4 : 0;
    }
    return 0;
}

void append_string(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out.push_back('"');
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        const auto size = utf8_size(text, i);
        if (size == 0) {
            out.append(kReplacement);
        } else if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += {'\\', 'u', '0', '0', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
        } else {
            out.append(text.substr(i, size));
        }
        i += size == 0 ? 1 : size;
    }
    out.push_back('"');
}

}  // namespace

std::string denial_body(const Denial& denial) {
    std::string out = R"({"botbottle":{"verdict":"denied","rule":)";
    append_string(out, denial.rule);
    out.append(R"(,"reason":)");
    append_string(out, denial.reason);
    out.append(R"(,"hint":)");
    append_string(out, denial.hint);
    out.append(R"(,"proposal_tool":"egress-block"}})");
    return out;
}

void append_denial_response(std::string& out, const Denial& denial, bool keep_alive,
                            bool head_only) {
    const auto body = denial_body(denial);
    const HeaderFields fields = {{"Content-Type", "application/json"},
                                 {"Cache-Control", "no-store"}};
    // Cannot fail: everything that it checks is a constant.
    (void)append_response_head(out, denial.status, reason_phrase(denial.status), fields,
                               {BodyKind::kLength, body.size()}, keep_alive, {});
    if (!head_only) out.append(body);
}

}  // namespace botbottle::http
