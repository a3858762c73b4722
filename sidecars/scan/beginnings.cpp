#include "scan/beginnings.h"

#include <algorithm>

namespace botbottle::scan {

Beginnings::Beginnings(const std::vector<Pattern>& patterns, std::size_t shortest)
    : patterns_(patterns), shortest_(shortest) {
    for (std::uint32_t index = 0; index < patterns.size(); ++index) {
        if (patterns[index].fixed < shortest) continue;
        for (std::size_t byte = 0; byte < by_first_byte_.size(); ++byte)
            if (patterns[index].bytes[0].test(byte)) by_first_byte_[byte].push_back(index);
    }
}

bool Beginnings::at_end_of(std::string_view text) const {
    text = text.substr(text.size() - std::min(text.size(), kMaxPattern));
    for (; text.size() >= shortest_; text.remove_prefix(1)) {
        for (const std::uint32_t index : by_first_byte_[static_cast<unsigned char>(text[0])]) {
            const std::vector<ByteSet>& bytes = patterns_[index].bytes;
            if (text.size() >= bytes.size()) continue;
            std::size_t same = 0;
            while (same < text.size() && bytes[same].test(static_cast<unsigned char>(text[same])))
                ++same;
            if (same == text.size()) return true;
        }
    }
    return false;
}

}  // namespace botbottle::scan
