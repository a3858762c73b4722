#include "examples.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>

namespace botbottle::scan {

std::shared_ptr<const Rules> builtin() {
    static const auto rules = Rules::load();
    if (!rules) ADD_FAILURE() << rules.error().message;
    return *rules;
}

std::shared_ptr<const OwnValues> own_values(std::string_view secret, std::string_view canary) {
    std::vector<OwnValue> values;
    values.push_back({OwnValue::Kind::kSecret, "bottle.token", Secret(secret)});
    if (!canary.empty()) values.push_back({OwnValue::Kind::kCanary, "canary", Secret(canary)});
    return *OwnValues::create(values);
}

std::vector<Finding> scan_all(std::string_view text, const std::shared_ptr<const OwnValues>& own) {
    Stream stream(builtin(), own);
    stream.feed(text);
    stream.finish();
    return stream.findings();
}

bool finds(const std::vector<Finding>& findings, std::string_view rule) {
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.rule == rule; });
}

std::string draw(std::mt19937& random, std::size_t size, std::string_view alphabet) {
    std::string text;
    while (text.size() < size)
        text += alphabet[random() % alphabet.size()];
    return text;
}

std::string draw_shape(std::mt19937& random, const Pattern& pattern) {
    std::string text;
    for (const ByteSet& set : pattern.bytes) {
        std::string members;
        for (unsigned byte = 0; byte < 256; ++byte)
            if (set.test(byte)) members += static_cast<char>(byte);
        // The byte after a pattern's end is any that ends it.
        text += set.count() > 128 ? "\n" : draw(random, 1, members);
    }
    return text;
}

std::string monotonous_shape(const Pattern& pattern) {
    std::string text;
    for (const ByteSet& set : pattern.bytes) {
        unsigned byte = 0x20;
        while (byte < 256 && !set.test(byte))
            ++byte;
        text += byte < 256 ? static_cast<char>(byte) : '\n';
    }
    return text;
}

std::string github_token() {
    std::mt19937 random(1);
    return std::string("gh") + "p_" + draw(random, 36, kLetters);
}

namespace {

std::string encode(std::string_view text, std::string_view alphabet, unsigned bits) {
    std::string out;
    unsigned held = 0;
    unsigned value = 0;
    for (const char c : text) {
        value = value << 8U | static_cast<unsigned char>(c);
        for (held += 8; held >= bits; held -= bits)
            out += alphabet[value >> (held - bits) & ((1U << bits) - 1)];
        value &= (1U << held) - 1;
    }
    if (held > 0) out += alphabet[value << (bits - held) & ((1U << bits) - 1)];
    return out;
}

}  // namespace

std::string to_base64(std::string_view text) {
    std::string out =
        encode(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6);
    while (out.size() % 4 != 0)
        out += '=';
    return out;
}
std::string to_base64_url(std::string_view text) {
    return encode(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6);
}
std::string to_base32(std::string_view text) {
    return encode(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5);
}
std::string to_hex(std::string_view text, std::string_view between) {
    std::string out;
    for (const char c : text) {
        if (!out.empty()) out += between;
        out += encode({&c, 1}, "0123456789abcdef", 4);
    }
    return out;
}
std::string to_percent(std::string_view text) {
    return "%" + to_hex(text, "%");
}
std::string to_unicode_escapes(std::string_view text) {
    return "\\u00" + to_hex(text, "\\u00");
}

static std::string deflated(std::string_view text, int window) {
    z_stream stream{};
    if (deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string to_gzip(std::string_view text) {
    return deflated(text, 15 + 16);
}
std::string to_bare_deflate(std::string_view text) {
    return deflated(text, -15);
}

std::string to_utf16(std::string_view text) {
    std::string out;
    for (const char c : text)
        (out += c) += '\0';
    return out;
}

}  // namespace botbottle::scan
