// The scanner on foreign bytes: both engines find the same, vectors of each width and what looks at
// one byte after the other see the same, a stream finds the same however it is cut, and nothing
// takes long.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "scan/kinds_of_bytes.h"
#include "scan/stream.h"

namespace {

using namespace botbottle::scan;

const std::shared_ptr<const Rules>& rules() {
    static const auto loaded = Rules::load();
    if (!loaded) std::abort();
    return *loaded;
}

const std::shared_ptr<const OwnValues>& own() {
    static const auto made = [] {
        std::vector<OwnValue> values;
        values.push_back(
            {OwnValue::Kind::kSecret, "slot", botbottle::Secret("tk-Zr8+Qw/4nB_x71vGm")});
        return *OwnValues::create(values);
    }();
    return made;
}

std::vector<Candidate> sorted(std::vector<Candidate> found) {
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
        return std::tie(a.end, a.pattern) < std::tie(b.end, b.pattern);
    });
    return found;
}

void compare_engines(std::string_view text) {
    static const std::vector<Pattern> patterns = [] {
        std::vector<Pattern> anywhere;
        for (const Pattern& pattern : rules()->patterns())
            if (pattern.place == Place::kAnywhere) anywhere.push_back(pattern);
        return anywhere;
    }();
    static const auto portable = make_portable_finder(patterns);
    static const auto oracle = portable->open();
    static const auto fast = rules()->finder().open();
    std::vector<Candidate> expected;
    std::vector<Candidate> found;
    if (!oracle->find(text, expected) || !fast->find(text, found)) std::abort();
    if (sorted(expected) != sorted(found)) std::abort();
}

template <std::size_t kShortest>
void compare_runs(std::string_view text, const Kind& kind) {
    std::size_t at = 0;  // behind the last run that both know
    const auto next = [&]() -> std::pair<std::size_t, std::size_t> {
        for (std::size_t open = 0;; ++at, ++open) {
            if (at < text.size() && kind.has(text[at])) continue;
            if (open >= kShortest) return {at - open, open};
            if (at >= text.size()) return {text.size(), 0};
            open = ~std::size_t{0};
        }
    };
    for_each_run<kShortest>(text, kind, [&](std::size_t begin, std::size_t size) {
        if (next() != std::pair(begin, size)) std::abort();
    });
    if (next().second != 0) std::abort();
}

void compare_vectors(std::string_view text) {
    const std::size_t blocks = text.size() / kBlock;
    std::vector<std::uint64_t> expected(blocks);
    std::vector<std::uint64_t> words(blocks);
    for (const Kind* kind : {&kBase64Digits, &kOfNumbers}) {
        ask_blocks(*kind, text.data(), blocks, expected.data(), Vectors::kNone);
        for (const Vectors vectors : {Vectors::k16Bytes, Vectors::k32Bytes, Vectors::k64Bytes}) {
            if (vectors > widest_vectors()) continue;
            ask_blocks(*kind, text.data(), blocks, words.data(), vectors);
            if (words != expected) std::abort();
        }
        ByteCursor cursor(text, *kind);
        for (std::size_t at = 0; at < text.size(); ++at)
            if ((cursor.next(at) == at) != kind->has(text[at])) std::abort();
        compare_runs<12>(text, *kind);
        compare_runs<24>(text, *kind);
    }
}

// The first byte says how the rest is cut. What is found as it stands does not depend on it.
void compare_cuts(std::string_view text, std::size_t size) {
    Stream whole(rules(), own());
    whole.feed(text);
    whole.finish();
    Stream cut(rules(), own());
    for (std::string_view rest = text; !rest.empty();
         rest.remove_prefix(std::min(size, rest.size())))
        cut.feed(rest.substr(0, size));
    cut.finish();
    const auto as_it_stands = [](const Stream& stream) {
        std::vector<std::tuple<std::string, std::uint64_t>> places;
        for (const Finding& finding : stream.findings())
            if (finding.seen_through.empty() && !finding.rule.starts_with("scan-"))
                places.emplace_back(finding.rule, finding.offset);
        std::sort(places.begin(), places.end());
        return places;
    };
    if (whole.findings().size() < Stream::kMostFindings &&
        as_it_stands(whole) != as_it_stands(cut) &&
        whole.findings().empty() != cut.findings().empty())
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    compare_engines(text);
    compare_vectors(text);
    compare_cuts(text, 1 + data[0] % 64U);
    return 0;
}
