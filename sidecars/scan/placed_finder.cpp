// See placed_finder.h.
#include "scan/placed_finder.h"

#include <algorithm>
#include <array>

#include "scan/alphabets.h"
#include "scan/kinds_of_bytes.h"

namespace botbottle::scan {

namespace {

constexpr std::string_view kMarks = "@~";
constexpr std::size_t kShortestRun = 12;

// Whether a byte that the set admits is of base64, or, `of_base64` false, is none.
bool admits(const ByteSet& set, bool of_base64) {
    for (unsigned byte = 0; byte < 256; ++byte)
        if (set.test(byte) && is_base64(static_cast<char>(byte)) == of_base64) return true;
    return false;
}

// How many bytes at the start of the pattern are of base64: no shorter run holds it.
std::size_t size_of_run(const std::vector<ByteSet>& bytes) {
    std::size_t size = 0;
    while (size < bytes.size() && !admits(bytes[size], false))
        ++size;
    return size;
}

}  // namespace

PlacedFinder::PlacedFinder(const std::vector<Pattern>& patterns) : patterns_(patterns) {
    std::size_t shortest = kMaxPattern;
    for (std::uint32_t index = 0; index < patterns.size(); ++index) {
        const Pattern& pattern = patterns[index];
        switch (pattern.place) {
            case Place::kAnywhere:
                break;
            case Place::kRunStart: {
                const std::size_t run = size_of_run(pattern.bytes);
                shortest = std::min(shortest, run);
                const bool exact = run < pattern.bytes.size() && !admits(pattern.bytes[run], true);
                for (std::size_t byte = 0; byte < 256; ++byte)
                    if (pattern.bytes[0].test(byte)) {
                        run_starts_[byte].push_back({index, run, exact});
                        fitting_[byte].add(run, exact);
                    }
                break;
            }
            case Place::kRunEnd:
                shortest = std::min(shortest, pattern.bytes.size() - 1);
                run_ends_.push_back(index);
                break;
            case Place::kNumber:
                numbers_.push_back(index);
                break;
            case Place::kMark:
                for (std::size_t at = 0; at < pattern.bytes.size(); ++at)
                    for (const char mark : kMarks)
                        if (pattern.bytes[at].count() == 1 &&
                            pattern.bytes[at].test(static_cast<unsigned char>(mark)))
                            marks_[static_cast<unsigned char>(mark)].push_back({index, at});
                break;
        }
    }
    shortest_run_ = std::max(shortest, kShortestRun);
}

void PlacedFinder::find(std::string_view text, std::vector<Candidate>& found) const {
    find_in_runs(text, found);
    find_in_numbers(text, found);
    find_at_marks(text, found);
}

void PlacedFinder::try_at(std::string_view text, std::uint32_t index, std::size_t begin,
                          std::vector<Candidate>& found) const {
    const std::vector<ByteSet>& bytes = patterns_[index].bytes;
    if (text.size() < bytes.size() || begin > text.size() - bytes.size()) return;
    // Most of those that fail do at their end: a run goes on.
    if (!bytes.back().test(static_cast<unsigned char>(text[begin + bytes.size() - 1]))) return;
    for (std::size_t at = 0; at < bytes.size(); ++at)
        if (!bytes[at].test(static_cast<unsigned char>(text[begin + at]))) return;
    found.push_back({index, begin + bytes.size()});
}

void PlacedFinder::find_in_runs(std::string_view text, std::vector<Candidate>& found) const {
    const auto look = [&](std::size_t begin, std::size_t size) {
        if (size < shortest_run_) return;
        const std::size_t end = begin + size;
        find_at_run(text, begin, end, found);
        // A path's parts are runs of their own.
        for (std::size_t at = begin; at + shortest_run_ < end; ++at)
            if (text[at] == '/') find_at_run(text, at + 1, end, found);
        for (const std::uint32_t index : run_ends_) {
            const std::size_t length = patterns_[index].bytes.size() - 1;
            if (size >= length) try_at(text, index, end - length, found);
        }
    };
    // An added rule may be content with less.
    constexpr std::size_t kUsual = 15;
    if (shortest_run_ >= kUsual)
        for_each_run<kUsual>(text, kBase64Digits, look);
    else
        for_each_run<kShortestRun>(text, kBase64Digits, look);
}

void PlacedFinder::find_at_run(std::string_view text, std::size_t begin, std::size_t end,
                               std::vector<Candidate>& found) const {
    if (begin >= end) return;
    if (!fitting_[static_cast<unsigned char>(text[begin])].any(end - begin)) return;
    for (const RunStart& start : run_starts_[static_cast<unsigned char>(text[begin])])
        if (start.exact ? start.run == end - begin : start.run <= end - begin)
            try_at(text, start.pattern, begin, found);
}

// Thirteen digits and more, in groups or not.
void PlacedFinder::find_in_numbers(std::string_view text, std::vector<Candidate>& found) const {
    constexpr std::size_t kFewest = 12;
    // What may stand before the digits of an IBAN, country and bank.
    constexpr std::size_t kBefore = 14;
    for_each_run<kFewest>(text, kOfNumbers, [&](std::size_t begin, std::size_t size) {
        const std::string_view run = text.substr(begin, size);
        if (std::count_if(run.begin(), run.end(), is_digit) < std::ptrdiff_t{kFewest}) return;
        for (std::size_t from = begin - std::min(begin, kBefore); from < begin + size; ++from)
            for (const std::uint32_t index : numbers_)
                try_at(text, index, from, found);
    });
}

void PlacedFinder::find_at_marks(std::string_view text, std::vector<Candidate>& found) const {
    for (const char mark : kMarks)
        for (std::size_t at = text.find(mark); at != std::string_view::npos;
             at = text.find(mark, at + 1))
            for (const Mark& place : marks_[static_cast<unsigned char>(mark)])
                if (at >= place.at) try_at(text, place.pattern, at - place.at, found);
}

}  // namespace botbottle::scan
