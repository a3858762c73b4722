#include "scan/pattern.h"

#include <charconv>

namespace botbottle::scan {

namespace {

unsigned char to_byte(char c) {
    return static_cast<unsigned char>(c);
}

bool is_letter(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    Shape read() {
        constexpr std::string_view kCaseless = "(?i)";
        const bool caseless = text_.starts_with(kCaseless);
        if (caseless) at_ = kCaseless.size();
        Shape shape;
        while (at_ < text_.size() && problem_.empty()) {
            const ByteSet set = text_[at_] == '[' ? read_set(caseless) : read_single(caseless);
            const std::size_t count = read_count();
            if (shape.bytes.size() + count > kMaxPattern)
                fail("a pattern is at most " + std::to_string(kMaxPattern) + " bytes long");
            else
                shape.bytes.insert(shape.bytes.end(), count, set);
        }
        if (shape.bytes.size() < 2) fail("a pattern is at least two bytes long");
        shape.problem = std::move(problem_);
        return shape;
    }

  private:
    void fail(std::string_view why) {
        if (problem_.empty()) problem_ = why;
    }

    unsigned char read_byte() {
        const char c = text_[at_++];
        if (c != '\\') return to_byte(c);
        if (at_ == text_.size()) return fail("a backslash needs a character after it"), 0;
        const char escaped = text_[at_++];
        if (escaped != 'x') {
            if (is_letter(to_byte(escaped)) || (escaped >= '0' && escaped <= '9'))
                fail("of the escapes with letters only \\xHH is known");
            return to_byte(escaped);
        }
        unsigned value = 0;
        const char* begin = text_.data() + at_;
        if (text_.size() - at_ < 2 || std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2)
            return fail("\\x needs two hexadecimal digits"), 0;
        at_ += 2;
        return static_cast<unsigned char>(value);
    }

    ByteSet read_single(bool caseless) {
        constexpr std::string_view kSpecial = ".*+?|()^$]{}";
        if (kSpecial.find(text_[at_]) != std::string_view::npos)
            fail(std::string("'") + text_[at_] + "' is not part of the notation; write \\" +
                 text_[at_] + " for the character itself");
        const unsigned char byte = read_byte();
        ByteSet set;
        set.set(byte);
        if (caseless && is_letter(byte)) set.set(byte ^ 0x20U);
        return set;
    }

    ByteSet read_set(bool caseless) {
        ++at_;
        ByteSet set;
        const bool negated = at_ < text_.size() && text_[at_] == '^';
        if (negated) ++at_;
        while (at_ < text_.size() && text_[at_] != ']') {
            const unsigned char first = read_byte();
            unsigned char last = first;
            if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
                ++at_;
                last = read_byte();
            }
            if (last < first) fail("the range of a set runs backwards");
            for (unsigned byte = first; byte <= last; ++byte)
                set.set(byte);
        }
        if (at_ == text_.size()) return fail("a set has no end"), set;
        ++at_;
        for (unsigned letter = 'A'; caseless && letter <= 'Z'; ++letter) {
            if (!set.test(letter) && !set.test(letter | 0x20U)) continue;
            set.set(letter);
            set.set(letter | 0x20U);
        }
        return negated ? ~set : set;
    }

    std::size_t read_count() {
        if (at_ == text_.size() || text_[at_] != '{') return 1;
        const std::size_t end = text_.find('}', at_);
        std::size_t count = 0;
        const char* begin = text_.data() + at_ + 1;
        const char* stop = text_.data() + (end == std::string_view::npos ? at_ + 1 : end);
        if (end == std::string_view::npos || std::from_chars(begin, stop, count).ptr != stop ||
            count == 0 || count > kMaxPattern) {
            fail("a count is one number between braces");
            return 1;
        }
        at_ = end + 1;
        return count;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string problem_;
};

}  // namespace

Shape parse_shape(std::string_view text) {
    return Reader(text).read();
}

}  // namespace botbottle::scan
