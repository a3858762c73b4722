// See own_values.h.
#include "scan/own_values.h"

#include <algorithm>

#include "scan/skeleton.h"

namespace botbottle::scan {

namespace {

// A long value is searched for by pieces of this size, at its start, in its middle and at its end.
constexpr std::size_t kPiece = 48;
constexpr std::size_t kShortestSkeleton = 12;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// The digits that depend on `value` alone when `phase` bytes stand before it in the encoded text.
std::string encode_middle(std::string_view value, std::size_t phase, std::string_view alphabet,
                          unsigned bits) {
    std::string digits;
    const std::size_t total = (phase + value.size()) * 8;
    std::size_t from = phase * 8;
    from += (bits - from % bits) % bits;
    for (std::size_t at = from; at + bits <= total; at += bits) {
        unsigned digit = 0;
        for (std::size_t bit = at; bit < at + bits; ++bit) {
            const auto byte = static_cast<unsigned char>(value[bit / 8 - phase]);
            digit = digit << 1U | (byte >> (7 - bit % 8) & 1U);
        }
        digits += alphabet[digit];
    }
    return digits;
}

std::string to_hex(std::string_view value) {
    return encode_middle(value, 0, "0123456789abcdef", 4);
}

char rotate(char c) {
    if (c >= 'a' && c <= 'z') return static_cast<char>('a' + (c - 'a' + 13) % 26);
    if (c >= 'A' && c <= 'Z') return static_cast<char>('A' + (c - 'A' + 13) % 26);
    return c;
}

Pattern literal(std::uint32_t rule, std::string_view bytes, bool caseless) {
    constexpr std::string_view kHex = "0123456789abcdef";
    Pattern pattern;
    pattern.rule = rule;
    if (caseless) pattern.text = "(?i)";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        pattern.text += "\\x";
        pattern.text += kHex[byte >> 4U];
        pattern.text += kHex[byte & 0xfU];
    }
    pattern.bytes = parse_shape(pattern.text).bytes;
    pattern.fixed = pattern.bytes.size();
    return pattern;
}

}  // namespace

void OwnValues::add(const OwnValue& own) {
    const std::string_view value = own.value.reveal();
    if (value.size() < kShortestOwnValue) {
        left_out_.push_back(own.name);
        return;
    }
    const auto rule = static_cast<std::uint32_t>(rules_.size());
    const bool canary = own.kind == OwnValue::Kind::kCanary;
    rules_.push_back({canary ? "canary" : "own-secret",
                      (canary ? "the canary " : "the bottle's own secret ") + own.name});
    std::vector<std::string_view> pieces = {value};
    if (value.size() > kPiece)
        pieces = {value.substr(0, kPiece), value.substr((value.size() - kPiece) / 2, kPiece),
                  value.substr(value.size() - kPiece)};
    for (const std::string_view piece : pieces) {
        const auto spell = [&](std::string_view text, bool caseless) {
            if (text.size() >= kShortestOwnValue)
                spellings_.push_back(literal(rule, text, caseless));
        };
        spell(piece, false);
        for (std::size_t phase = 0; phase < 3; ++phase) {
            const std::string standard = encode_middle(piece, phase, kBase64, 6);
            const std::string url = encode_middle(piece, phase, kBase64Url, 6);
            spell(standard, false);
            if (url != standard) spell(url, false);
        }
        for (std::size_t phase = 0; phase < 5; ++phase)
            spell(encode_middle(piece, phase, kBase32, 5), true);
        spell(to_hex(piece), true);
        std::string turned(piece.rbegin(), piece.rend());
        if (turned != piece) spell(turned, false);
        std::transform(piece.begin(), piece.end(), turned.begin(), rotate);
        if (turned != piece) spell(turned, false);
        std::string skeleton;
        append_skeleton(piece, skeleton);
        if (skeleton.size() >= kShortestSkeleton)
            skeletons_.push_back(literal(rule, skeleton, false));
    }
}

Result<std::shared_ptr<const OwnValues>> OwnValues::of_slots(
    const std::map<std::string, Secret>& secrets) {
    constexpr std::string_view kCanary = "canary.";
    std::vector<OwnValue> values;
    for (const auto& [slot, value] : secrets) {
        const bool canary = slot.starts_with(kCanary);
        values.push_back({canary ? OwnValue::Kind::kCanary : OwnValue::Kind::kSecret,
                          canary ? slot.substr(kCanary.size()) : slot, value.duplicate()});
    }
    return create(values);
}

Result<std::shared_ptr<const OwnValues>> OwnValues::create(const std::vector<OwnValue>& values) {
    std::shared_ptr<OwnValues> own(new OwnValues);
    for (const OwnValue& value : values)
        own->add(value);
    own->finder_ = make_literal_finder(own->spellings_);
    own->skeleton_finder_ = make_literal_finder(own->skeletons_);
    constexpr std::size_t kShortestBeginning = 4;
    constexpr std::size_t kShortestSkeletonBeginning = 6;
    own->beginnings_ = std::make_unique<Beginnings>(own->spellings_, kShortestBeginning);
    own->skeleton_beginnings_ =
        std::make_unique<Beginnings>(own->skeletons_, kShortestSkeletonBeginning);
    return std::shared_ptr<const OwnValues>(std::move(own));
}

}  // namespace botbottle::scan
