// See unfinished.h. The views are those of stream.cpp, of the end of the text alone; a run of an
// encoding counts from a few characters on, where a search needs a whole secret.
#include "scan/unfinished.h"

#include <algorithm>
#include <string>

#include "scan/alphabets.h"
#include "scan/content_decoder.h"
#include "scan/kinds_of_bytes.h"
#include "scan/skeleton.h"
#include "scan/text.h"

namespace botbottle::scan {

namespace {

constexpr std::size_t kEnd = 2048;
constexpr std::size_t kDepth = 4;
// Four bytes, encoded.
constexpr std::size_t kShortestRun = 6;

template <typename Is>
std::string_view run_at_end(std::string_view text, Is is) {
    std::size_t begin = text.size();
    while (begin > 0 && is(text[begin - 1]))
        --begin;
    return text.substr(begin);
}

class Views {
  public:
    Views(const Rules& rules, const OwnValues* own) : rules_(rules), own_(own) {}

    bool look(std::string_view text, std::size_t depth) const {
        text = text.substr(text.size() - std::min(text.size(), kEnd));
        if (begins(text)) return true;
        if (depth > 0 && !looks_written(text)) return false;
        std::string plain(text);
        constexpr int kRounds = 10;
        for (int round = 0; round < kRounds; ++round) {
            std::string again;
            if (unescape(plain, again) == Unescaped::kNothing) break;
            plain.swap(again);
            if (begins(plain)) return true;
        }
        std::string folded;
        if (!fold(plain, folded)) folded = plain;
        if (begins(folded) || skeleton_begins(folded)) return true;
        // The next value may go on where the only one ends.
        std::string joined;
        if (join_values(text, joined, 1) && (begins(joined) || skeleton_begins(joined)))
            return true;
        return depth < kDepth && look_into_runs(folded, depth);
    }

  private:
    bool begins(std::string_view text) const {
        return rules_.beginnings().at_end_of(text) || (own_ && own_->beginnings().at_end_of(text));
    }

    bool skeleton_begins(std::string_view text) const {
        if (own_ == nullptr) return false;
        std::string skeleton;
        append_skeleton(text, skeleton);
        return own_->skeleton_beginnings().at_end_of(skeleton);
    }

    // Decodes the run from each place where its encoding may begin.
    template <typename Decode>
    bool look_into(std::string_view run, std::size_t places, std::size_t depth,
                   Decode decode) const {
        if (run.size() < kShortestRun) return false;
        for (std::size_t skipped = 0; skipped < std::min(places, run.size()); ++skipped) {
            std::string decoded;
            decode(run.substr(skipped), decoded);
            // What was compressed is looked into when it is whole.
            if (has_compressed(decoded) || look(decoded, depth + 1)) return true;
        }
        return false;
    }

    bool look_into_runs(std::string_view text, std::size_t depth) const {
        // Padding ends an encoding, not what it says.
        while (text.ends_with('='))
            text.remove_suffix(1);
        if (look_into(run_at_end(text, is_base64), 4, depth, decode_base64) ||
            look_into(run_at_end(text, is_base32), 8, depth, decode_base32))
            return true;
        std::string digits;
        const auto is_of_hex = [](char c) {
            return is_hex(c) || is_blank(c) || c == ':' || c == '-' || c == ',' || c == 'x' ||
                   c == 'X';
        };
        const std::string_view hex = run_at_end(text, is_of_hex);
        for (std::size_t at = 0; at < hex.size(); ++at) {
            const bool marked =
                hex[at] == '0' && at + 1 < hex.size() && (hex[at + 1] == 'x' || hex[at + 1] == 'X');
            if (!marked && is_hex(hex[at])) digits += hex[at];
        }
        return look_into(digits, 2, depth, decode_hex) || look_into_codes(text, depth);
    }

    bool look_into_codes(std::string_view text, std::size_t depth) const {
        const std::string_view run = run_at_end(text, [](char c) {
            return is_digit(c) || is_blank(c) || c == ',' || c == ';' || (c >= '(' && c <= ')') ||
                   c == '[' || c == ']';
        });
        std::string said;
        decode_codes(run, said);
        return !said.empty() && look(said, depth + 1);
    }

    // Two bytes begin a text of zlib, and many others.
    static bool has_compressed(std::string_view text) {
        if (text.find("\x1f\x8b\x08") != std::string_view::npos ||
            text.find("\x28\xb5\x2f\xfd") != std::string_view::npos)
            return true;
        if (!text.starts_with('\x78')) return false;
        const auto decoder = ContentDecoder::create(Compression::kZlib);
        bool says = false;
        const auto note = [&](std::string_view said) { return says = says || !said.empty(), true; };
        return decoder && decoder->feed(text, note) != ContentDecoder::Status::kBroken && says;
    }

    const Rules& rules_;
    const OwnValues* own_;
};

}  // namespace

bool may_be_unfinished(std::string_view text, const Rules& rules, const OwnValues* own) {
    return Views(rules, own).look(text, 0);
}

}  // namespace botbottle::scan
