// See text.h. What characters look like is in look_alikes.h.
#include "scan/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "scan/alphabets.h"
#include "scan/kinds_of_bytes.h"
#include "scan/look_alikes.h"

namespace botbottle::scan {

namespace {

constexpr Kind kMarks([](char c) { return c == '%' || c == '\\' || c == '&'; });
// In quoted-printable.
constexpr Kind kMarksOfQuoted([](char c) { return c == '%' || c == '\\' || c == '&' || c == '='; });
constexpr Kind kEquals([](char c) { return c == '='; });
constexpr Kind kQuotes([](char c) { return c == '"' || c == '\\'; });
constexpr Kind kFormEnds([](char c) { return c == '&' || c == ';'; });
// Anything but a printable character of ASCII.
constexpr Kind kOdd([](char c) { return static_cast<signed char>(c) < ' ' || c == '\x7f'; });
constexpr Kind kBase32Digits([](char c) {
    return alphabets_detail::kBase32[static_cast<unsigned char>(c)] != alphabets_detail::kNone;
});
constexpr Kind kFirstOfCharacter([](char c) {
    return static_cast<unsigned char>(c) >= 0xc2 && static_cast<unsigned char>(c) <= 0xf4;
});
constexpr Kind kContinuation([](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
});
constexpr Kind kLineEnd([](char c) { return c == '\n'; });
// Pairs of digits, and what may part them.
constexpr Kind kOfHex([](char c) {
    return alphabets_detail::kHex[static_cast<unsigned char>(c)] != alphabets_detail::kNone ||
           c == 'x' || c == 'X' || c == ':' || c == '-' || c == ',' || c == ' ' || c == '\n';
});
constexpr Kind kOfCodes([](char c) {
    return is_digit(c) || c == '(' || c == ')' || c == ',' || c == ' ' || c == '\n' || c == ';' ||
           c == '[' || c == ']';
});

// Appends to a string without asking it for room each time.
class Output {
  public:
    // No more than `most` bytes are going to be appended.
    Output(std::string& text, std::size_t most) : text_(text), begin_(text.size()) {
        text.resize(begin_ + most + kChunk);
        to_ = text.data() + begin_;
    }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;
    ~Output() { text_.resize(static_cast<std::size_t>(to_ - text_.data())); }

    void operator+=(char c) { *to_++ = c; }
    void operator+=(std::string_view part) {
        std::memcpy(to_, part.data(), part.size());
        to_ += part.size();
    }
    // A part of `text`. Most are short: so many bytes are copied, whatever the size.
    void copy(std::string_view text, std::size_t begin, std::size_t end) {
        const std::size_t size = end - begin;
        if (size <= kChunk && text.size() - begin >= kChunk)
            std::memcpy(to_, text.data() + begin, kChunk);
        else
            std::memcpy(to_, text.data() + begin, size);
        to_ += size;
    }
    void drop_all() { to_ = text_.data() + begin_; }
    std::string_view made() const {
        const char* begin = text_.data() + begin_;
        return {begin, static_cast<std::size_t>(to_ - begin)};
    }

  private:
    static constexpr std::size_t kChunk = 32;

    std::string& text_;
    std::size_t begin_;
    char* to_;
};

unsigned hex_value(char c) {
    return alphabets_detail::kHex[static_cast<unsigned char>(c)];
}

void append_code_point(std::uint32_t code, Output& out) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xc0U | code >> 6U);
    } else if (code < 0x10000) {
        put(0xe0U | code >> 12U);
        put(0x80U | (code >> 6U & 0x3fU));
    } else if (code < 0x110000) {
        put(0xf0U | code >> 18U);
        put(0x80U | (code >> 12U & 0x3fU));
        put(0x80U | (code >> 6U & 0x3fU));
    } else {
        return;
    }
    put(0x80U | (code & 0x3fU));
}

// Reads `count` hexadecimal digits at `at`. False when they are not there.
bool read_hex(std::string_view text, std::size_t at, std::size_t count, std::uint32_t& value) {
    if (text.size() < at + count) return false;
    value = 0;
    for (std::size_t digit = at; digit < at + count; ++digit) {
        if (!is_hex(text[digit])) return false;
        value = value << 4U | hex_value(text[digit]);
    }
    return true;
}

// Each reads one escape at the start of `text` and says how long it was; 0: it is none.
std::size_t read_percent(std::string_view text, Output& out) {
    std::size_t at = 1;
    while (text.substr(at).starts_with("25"))
        at += 2;
    std::uint32_t byte = 0;
    if (read_hex(text, at, 2, byte)) {
        out += static_cast<char>(byte);
        return at + 2;
    }
    if (at == 1) return 0;
    out += '%';
    return at;
}

std::size_t read_octal(std::string_view text, std::size_t at, Output& out) {
    unsigned value = 0;
    std::size_t end = at;
    for (; end < text.size() && end < at + 3 && text[end] >= '0' && text[end] <= '7'; ++end)
        value = value * 8 + static_cast<unsigned>(text[end] - '0');
    out += static_cast<char>(value & 0xffU);
    return end;
}

// What a letter or sign behind a backslash means; 0: none of these.
constexpr std::array<char, 256> kNamed = [] {
    std::array<char, 256> table{};
    for (const auto& [name, meant] :
         {std::pair('n', '\n'), std::pair('r', '\r'), std::pair('t', '\t'), std::pair('b', '\b'),
          std::pair('f', '\f'), std::pair('"', '"'), std::pair('\'', '\''), std::pair('/', '/')})
        table[static_cast<unsigned char>(name)] = meant;
    return table;
}();

std::size_t read_backslash(std::string_view text, Output& out) {
    std::size_t at = 1;
    while (at < text.size() && text[at] == '\\')
        ++at;
    if (at == text.size()) return 0;
    const char c = text[at];
    std::uint32_t code = 0;
    if (const char meant = kNamed[static_cast<unsigned char>(c)]; meant != 0) {
        out += meant;
        return at + 1;
    }
    if (c == 'x' && read_hex(text, at + 1, 2, code)) {
        out += static_cast<char>(code);
        return at + 3;
    }
    if (c == 'u' && read_hex(text, at + 1, 4, code)) return append_code_point(code, out), at + 5;
    if (c == 'U' && read_hex(text, at + 1, 8, code)) return append_code_point(code, out), at + 9;
    if (text.substr(at).starts_with("u{")) {
        const std::size_t end = text.find('}', at);
        if (end != std::string_view::npos && end - at <= 8 &&
            read_hex(text, at + 2, end - at - 2, code))
            return append_code_point(code, out), end + 1;
    }
    if (c >= '0' && c <= '7') return read_octal(text, at, out);
    return 0;
}

std::size_t read_entity(std::string_view text, Output& out) {
    std::size_t at = 1;
    while (text.substr(at).starts_with("amp;"))
        at += 4;
    const std::string_view rest = text.substr(at, 12);
    const std::size_t end = rest.find(';');
    if (rest.starts_with('#') && end != std::string_view::npos && end > 1) {
        const bool hex = rest[1] == 'x' || rest[1] == 'X';
        std::uint32_t code = 0;
        for (const char c : rest.substr(hex ? 2 : 1, end - (hex ? 2 : 1))) {
            if (hex ? !is_hex(c) : !is_digit(c)) return 0;
            code = code * (hex ? 16 : 10) + hex_value(c);
        }
        append_code_point(code, out);
        return at + end + 1;
    }
    if (at == 1) return 0;
    out += '&';
    return at;
}

// Only where the text is known to be quoted-printable: `key=AB` is written everywhere.
std::size_t read_quoted(std::string_view text, Output& out) {
    if (text.starts_with("=\n")) return 2;
    if (text.starts_with("=\r\n")) return 3;
    std::uint32_t byte = 0;
    if (!read_hex(text, 1, 2, byte)) return 0;
    out += static_cast<char>(byte);
    return 3;
}

std::size_t read_escape(std::string_view text, Output& out) {
    switch (text.front()) {
        case '%':
            return read_percent(text, out);
        case '\\':
            return read_backslash(text, out);
        case '&':
            return read_entity(text, out);
        default:
            return read_quoted(text, out);
    }
}

// A character of UTF-8 at the start of `text`; its length is 0 when there is none.
std::size_t read_utf8(std::string_view text, std::uint32_t& code) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (length == 0 || first > 0xf4 || text.size() < length) return 0;
    code = first & (0xffU >> (length + 1));
    for (std::size_t at = 1; at < length; ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if ((byte & 0xc0U) != 0x80) return 0;
        code = code << 6U | (byte & 0x3fU);
    }
    return length;
}

// Whether an odd byte is left out whatever follows: a control byte, or one that begins no character
// of UTF-8.
bool is_dropped(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c != '\n' && (byte < 0xc2 || byte > 0xf4);
}

// One byte or character that is not plain; how long it is.
std::size_t fold_one(std::string_view text, Output& out) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first == '\n') {
        std::size_t end = 1;
        while (end < text.size() && is_blank(text[end]))
            ++end;
        return end;
    }
    std::uint32_t code = 0;
    const std::size_t length = first < 0x80 ? 0 : read_utf8(text, code);
    if (length == 0) return 1;
    if (is_invisible(code)) return length;
    if (const char same = look_alike(code); same != 0)
        out += same;
    else
        out += text.substr(0, length);
    return length;
}

// Blanks aside, the byte before `at`, or the one at or after it; 0 at the border.
char neighbour_before(std::string_view text, std::size_t at) {
    while (at > 0 && is_blank(text[at - 1]))
        --at;
    return at == 0 ? '\0' : text[at - 1];
}

char neighbour_after(std::string_view text, std::size_t at) {
    while (at < text.size() && is_blank(text[at]))
        ++at;
    return at >= text.size() ? '\0' : text[at];
}

// What is cut lies at the ends of a value: of a long one its middle is left out. A row of what no
// secret is made of parts them, so that what stood in it apart does not come together.
void join(std::string_view text, std::size_t begin, std::size_t end, Output& out) {
    constexpr std::size_t kEnd = 1024;
    constexpr std::string_view kLeftOut = "\n\n";
    if (end - begin <= 2 * kEnd + kLeftOut.size()) return out.copy(text, begin, end);
    out += text.substr(begin, kEnd);
    out += kLeftOut;
    out += text.substr(end - kEnd, kEnd);
}

// A string of JSON stands after a colon, a comma or a bracket, and before a comma or a bracket.
std::size_t join_json(std::string_view text, Output& out) {
    constexpr std::string_view kBefore = ":,[";
    constexpr std::string_view kAfter = ",]}";
    ByteCursor marks(text, kQuotes);
    // The next quotation mark that no backslash stands before; `at` is not behind one.
    const auto closing = [&](std::size_t at) {
        for (at = marks.next(at); at < text.size() && text[at] == '\\';)
            at = marks.next(at + 2);
        return at;
    };
    const auto opening = [&](std::size_t at) {
        for (at = marks.next(at); at < text.size() && text[at] == '\\';)
            at = marks.next(at + 1);
        return at;
    };
    std::size_t count = 0;
    for (std::size_t at = opening(0); at < text.size();) {
        const std::size_t end = closing(at + 1);
        if (end >= text.size()) break;
        const char after = neighbour_after(text, end + 1);
        if (kAfter.find(after) != std::string_view::npos &&
            kBefore.find(neighbour_before(text, at)) != std::string_view::npos) {
            join(text, at + 1, end, out);
            ++count;
        } else if (after != ':') {
            // The window may begin within a string: this end may be a beginning.
            at = end;
            continue;
        }
        at = opening(end + 1);
    }
    return count;
}

std::size_t join_form(std::string_view text, Output& out) {
    ByteCursor ends(text, kFormEnds);
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = ends.next(at);
        const std::string_view pair = text.substr(0, end);
        const std::size_t equals = pair.find('=', at);
        if (equals != std::string_view::npos) {
            join(pair, equals + 1, end, out);
            ++count;
        }
        at = end + 1;
    }
    return count;
}

class RunDecoder {
  public:
    RunDecoder(std::string_view text, Decoded& written, Decoded& binary)
        : text_(text), written_(written), binary_(binary), out_(written.text) {}

    void base64() {
        constexpr std::size_t kShortest = 16;
        for_each_run<kShortest>(text_, kBase64Digits, [&](std::size_t begin, std::size_t size) {
            const std::string_view run = text_.substr(begin, size);
            const std::size_t readable = text_.size() - begin - size;
            for (std::size_t skipped = 0; skipped < 4; ++skipped)
                add(begin, size,
                    [&] { decode_base64_within(run.substr(skipped), readable, out_); });
            base32(begin, size);
        });
    }

    // Pairs of digits, parted or not: 41:42, 0x41 0x42, 41-42.
    void hex() {
        constexpr std::size_t kShortest = 24;
        for_each_run<kShortest>(text_, kOfHex, [&](std::size_t begin, std::size_t size) {
            digits_.clear();
            for (std::size_t at = begin; at < begin + size; ++at) {
                const bool marked =
                    at + 1 < begin + size && text_[at] == '0' && (text_[at + 1] | 0x20) == 'x';
                if (!marked && is_hex(text_[at])) digits_ += text_[at];
            }
            if (digits_.size() < kShortest) return;
            for (std::size_t skipped = 0; skipped < 2; ++skipped)
                add(begin, size,
                    [&] { decode_hex(std::string_view(digits_).substr(skipped), out_); });
        });
    }

    // Numbers of printable characters in a row: [115, 107, 45].
    void codes() {
        constexpr std::size_t kShortest = 24;
        constexpr std::size_t kFewest = 8;
        for_each_run<kShortest>(text_, kOfCodes, [&](std::size_t begin, std::size_t size) {
            digits_.clear();
            decode_codes(text_.substr(begin, size), digits_);
            if (digits_.size() >= kFewest) add(begin, size, [&] { out_ += digits_; });
        });
    }

  private:
    void base32(std::size_t begin, std::size_t size) {
        constexpr std::size_t kShortest = 26;
        if (size < kShortest) return;
        for_each_run<kShortest>(
            text_.substr(begin, size), kBase32Digits, [&](std::size_t at, std::size_t length) {
                const std::string_view run = text_.substr(begin + at, length);
                for (std::size_t skipped = 0; skipped < 8; ++skipped)
                    add(begin + at, length, [&] { decode_base32(run.substr(skipped), out_); });
            });
    }

    template <typename Decode>
    void add(std::size_t begin, std::size_t size, Decode decode) {
        const std::size_t from = out_.size();
        decode();
        const std::string_view part = std::string_view(out_).substr(from);
        const bool is_written = looks_written(part);
        Decoded& kept = is_written ? written_ : binary_;
        kept.segments.push_back({is_written ? from : binary_.text.size(), begin, size});
        if (!is_written) {
            binary_.text += part;
            out_.resize(from);
        }
        kept.text += '\n';
    }

    std::string_view text_;
    Decoded& written_;
    Decoded& binary_;
    std::string& out_;  // all is decoded to here
    std::string digits_;
};

}  // namespace

namespace {

// Quoted-printable: soft line ends, or its name.
bool is_quoted(std::string_view text) {
    ByteCursor equals(text, kEquals);
    std::size_t at = equals.next(0);
    if (at == text.size()) return false;  // whatever it is, there is nothing to undo
    for (; at < text.size(); at = equals.next(at + 1))
        if (const std::string_view after = text.substr(at + 1, 2);
            after.starts_with('\n') || after == "\r\n")
            return true;
    return text.find("quoted-printable") != std::string_view::npos;
}

bool is_mark(char c) {
    return c == '%' || c == '\\' || c == '&' || c == '=';
}

// Whether what an escape was replaced by may have made a new one, in the text before it or of it.
class NewEscapes {
  public:
    // A mark that is no escape was copied to `place` in the output.
    void mark(std::size_t place) { last_mark_ = place + 1; }
    // An escape was replaced, and the output ends with what it said.
    void replaced(std::string_view out) {
        // None is longer, but for rows that end the mark itself.
        constexpr std::size_t kLongest = 16;
        if (out.empty()) return;
        const char last = out.back();
        // A soft line end, or a letter of the name that stands for all of them.
        const char before = out.size() < 2 ? '\0' : out[out.size() - 2];
        if (last == '-' || is_base64(last) || (last == '\n' && (before == '=' || before == '\r')))
            certain_ = true;
        if (is_mark(last)) mark(out.size() - 1);
        if (last_mark_ > 0 && out.size() - last_mark_ < kLongest &&
            (doubtful_.empty() || doubtful_.back() != last_mark_ - 1))
            doubtful_.push_back(last_mark_ - 1);
    }
    bool any(std::string_view out) const {
        if (certain_ || doubtful_.empty()) return certain_;
        std::string said;
        Output ignored(said, out.size());
        return std::any_of(doubtful_.begin(), doubtful_.end(), [&](std::size_t place) {
            ignored.drop_all();
            return read_escape(out.substr(place), ignored) > 0;
        });
    }

  private:
    std::size_t last_mark_ = 0;  // one behind it
    bool certain_ = false;
    std::vector<std::size_t> doubtful_;  // marks with something new right behind them
};

}  // namespace

Unescaped unescape(std::string_view text, std::string& out) {
    ByteCursor marks(text, is_quoted(text) ? kMarksOfQuoted : kMarks);
    std::size_t at = marks.next(0);
    if (at == text.size()) return Unescaped::kNothing;
    Output output(out, text.size());
    NewEscapes escapes;
    bool changed = false;
    std::size_t copied = 0;
    while (at < text.size()) {
        output.copy(text, copied, at);
        copied = at;
        // Most escapes are these.
        const char next = at + 1 < text.size() ? text[at + 1] : '\0';
        const char meant = text[at] == '\\' ? kNamed[static_cast<unsigned char>(next)] : '\0';
        std::size_t length = 2;
        if (meant != '\0')
            output += meant;
        else
            length = read_escape(text.substr(at), output);
        if (length == 0) {
            // A row of backslashes before nothing is looked at once.
            ++at;
            while (at < text.size() && text[at] == '\\' && text[at - 1] == '\\')
                ++at;
            escapes.mark(output.made().size() + at - copied - 1);
        } else {
            changed = true;
            at += length;
            copied = at;
            escapes.replaced(output.made());
        }
        at = marks.next(at);
    }
    if (!changed) {
        output.drop_all();
        return Unescaped::kNothing;
    }
    output.copy(text, copied, text.size());
    return escapes.any(output.made()) ? Unescaped::kAgain : Unescaped::kAll;
}

namespace {

// What begins at `at` and is at least a block long, where much of it is odd. Up to where it went: a
// block on, or to the end of the character or line end that reaches beyond.
std::size_t fold_block(std::string_view text, std::size_t at, std::uint64_t odd, Output& out) {
    std::uint64_t first = 0;
    std::uint64_t next = 0;
    std::uint64_t line_ends = 0;
    ask_blocks(kFirstOfCharacter, text.data() + at, 1, &first);
    ask_blocks(kContinuation, text.data() + at + 1, 1, &next);
    ask_blocks(kLineEnd, text.data() + at, 1, &line_ends);
    // The others are left out each by itself.
    const std::uint64_t together = (first & next) | line_ends;
    for (std::size_t done = 0; done < kBlock;) {
        const std::uint64_t rest = together & ~std::uint64_t{0} << done;
        const std::size_t end =
            rest == 0 ? kBlock : static_cast<std::size_t>(std::countr_zero(rest));
        std::uint64_t plain = ~odd & ~std::uint64_t{0} << done;
        if (end < kBlock) plain &= ~(~std::uint64_t{0} << end);
        for (; plain != 0; plain &= plain - 1)
            out += text[at + static_cast<std::size_t>(std::countr_zero(plain))];
        if (end == kBlock) break;
        done = end + fold_one(text.substr(at + end), out);
        if (done >= kBlock) return at + done;
    }
    return at + kBlock;
}

}  // namespace

bool fold(std::string_view text, std::string& out) {
    ByteCursor odd(text, kOdd);
    std::size_t stop = odd.next(0);
    if (stop == text.size()) return false;
    Output output(out, text.size());
    for (std::size_t at = 0; at < text.size(); stop = odd.next(at)) {
        output.copy(text, at, stop);
        constexpr int kMany = 16;
        for (at = stop; text.size() - at > kBlock;) {
            std::uint64_t bits = 0;
            ask_blocks(kOdd, text.data() + at, 1, &bits);
            if (std::popcount(bits) < kMany) break;
            at = fold_block(text, at, bits, output);
        }
        for (; at < text.size() && kOdd.has(text[at]);)
            at += is_dropped(text[at]) ? 1 : fold_one(text.substr(at), output);
    }
    return true;
}

bool join_values(std::string_view text, std::string& out, std::size_t fewest) {
    Output output(out, text.size());
    if (join_json(text, output) >= fewest) return true;
    output.drop_all();
    if (text.find('&') != std::string_view::npos && join_form(text, output) >= fewest) return true;
    output.drop_all();
    return false;
}

bool looks_written(std::string_view part) {
    // Eight bytes at a time, and so many before their counts are added up that a byte can hold
    // them.
    constexpr std::size_t kBytes = 8;
    constexpr std::size_t kMost = 255 * kBytes;
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    std::size_t others = 0;
    std::size_t at = 0;
    while (part.size() - at >= kBytes) {
        std::uint64_t counts = 0;
        for (const std::size_t end = at + std::min(part.size() - at, kMost) / kBytes * kBytes;
             at < end; at += kBytes) {
            std::uint64_t bytes = 0;
            std::memcpy(&bytes, part.data() + at, kBytes);
            counts += bytes >> 7U & kOnes;
        }
        constexpr std::uint64_t kEvery = 0x00ff00ff00ff00ff;
        counts = (counts & kEvery) + (counts >> 8U & kEvery);
        others += counts * 0x0001000100010001 >> 48U;
    }
    if (part.size() >= kBytes && at < part.size()) {
        // The last bytes, without what was counted before.
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, part.data() + part.size() - kBytes, kBytes);
        if constexpr (std::endian::native == std::endian::little)
            bytes >>= 8 * (kBytes - (part.size() - at));
        else
            bytes <<= 8 * (kBytes - (part.size() - at));
        others += (bytes >> 7U & kOnes) * kOnes >> 56U;
        at = part.size();
    }
    for (; at < part.size(); ++at)
        others += static_cast<unsigned char>(part[at]) >> 7U;
    return others * 4 <= part.size();
}

void decode_runs(std::string_view text, Decoded& written, Decoded& binary) {
    RunDecoder decoder(text, written, binary);
    decoder.base64();
    decoder.hex();
    decoder.codes();
}

}  // namespace botbottle::scan
