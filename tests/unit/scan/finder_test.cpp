// Both finders find the same in the same text: the portable one is the oracle.
#include "scan/finder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "examples.h"

namespace botbottle::scan {
namespace {

std::vector<Candidate> sorted(std::vector<Candidate> found) {
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
        return std::tie(a.end, a.pattern) < std::tie(b.end, b.pattern);
    });
    return found;
}

TEST(PortableFinder, FindsOverlappingOnes) {
    RuleTable table;
    parse_rules("a plain abab[a-b]\nb plain baba", table);
    ASSERT_EQ(table.problem, "");
    std::vector<Candidate> found;
    ASSERT_TRUE(make_portable_finder(table.patterns)->open()->find("xabababa", found));
    EXPECT_EQ(sorted(found), (std::vector<Candidate>{{0, 6}, {1, 6}, {0, 8}, {1, 8}}));
}

// Texts of pieces that nearly or wholly match, between noise.
std::string draw_text(std::mt19937& random, const std::vector<Pattern>& patterns) {
    std::string text;
    const std::size_t pieces = 1 + random() % 12;
    for (std::size_t piece = 0; piece < pieces; ++piece) {
        std::string drawn = draw_shape(random, patterns[random() % patterns.size()]);
        if (random() % 2 == 0) drawn.resize(random() % (drawn.size() + 1));
        if (random() % 4 == 0 && !drawn.empty())
            drawn[random() % drawn.size()] = static_cast<char>(random());
        text += drawn;
        if (random() % 2 == 0) text += draw(random, random() % 40, kLetters);
    }
    return text;
}

void expect_what_the_portable_one_finds(const Finder& finder,
                                        const std::vector<Pattern>& patterns) {
    const auto oracle = make_portable_finder(patterns);
    const auto fast_search = finder.open();
    const auto oracle_search = oracle->open();
    std::mt19937 random(20261127);
    std::size_t total = 0;
    for (int round = 0; round < 4000; ++round) {
        const std::string text = draw_text(random, patterns);
        std::vector<Candidate> found;
        std::vector<Candidate> expected;
        ASSERT_TRUE(fast_search->find(text, found));
        ASSERT_TRUE(oracle_search->find(text, expected));
        ASSERT_EQ(sorted(found), sorted(expected)) << "round " << round;
        total += found.size();
    }
    EXPECT_GT(total, 4000U);
}

TEST(LiteralFinder, FindsWhatThePortableOneFinds) {
    std::mt19937 random(20261130);
    for (const std::size_t count : {1U, 40U, 900U}) {
        std::vector<Pattern> patterns;
        for (std::size_t index = 0; index < count; ++index) {
            // Some are a part of others, some differ in case alone.
            std::string text = draw(random, kShortestLiteral + random() % 40, "abAB+/=.");
            if (index % 3 == 0) text.insert(0, "(?i)");
            for (std::size_t at = text.find('.'); at != std::string::npos;
                 at = text.find('.', at + 2))
                text.insert(at, "\\");
            for (std::size_t at = text.find('+'); at != std::string::npos;
                 at = text.find('+', at + 2))
                text.insert(at, "\\");
            Shape shape = parse_shape(text);
            ASSERT_EQ(shape.problem, "");
            Pattern pattern;
            pattern.text = text;
            pattern.bytes = std::move(shape.bytes);
            patterns.push_back(std::move(pattern));
        }
        const auto literal = make_literal_finder(patterns);
        expect_what_the_portable_one_finds(*literal, patterns);
    }
}

#ifdef BOTBOTTLE_VECTORSCAN
std::vector<Pattern> searched_patterns() {
    std::vector<Pattern> patterns;
    for (const std::uint32_t index : found_anywhere(builtin()->patterns()))
        patterns.push_back(builtin()->patterns()[index]);
    return patterns;
}

TEST(VectorscanFinder, FindsWhatThePortableOneFinds) {
    const std::vector<Pattern> patterns = searched_patterns();
    std::string problem;
    const auto fast = make_vectorscan_finder(patterns, problem);
    ASSERT_TRUE(fast) << problem;
    expect_what_the_portable_one_finds(*fast, patterns);
}

TEST(PrecompiledFinder, FindsWhatThePortableOneFinds) {
    const std::vector<Pattern> patterns = searched_patterns();
    const auto fast = make_precompiled_finder(builtin_database());
    ASSERT_TRUE(fast);
    expect_what_the_portable_one_finds(*fast, patterns);
}

// Rules::load compiles anew then, which is slow and right.
TEST(PrecompiledFinder, IsNotMadeOfOtherBytes) {
    const std::string database(builtin_database());
    EXPECT_FALSE(make_precompiled_finder({}));
    EXPECT_FALSE(make_precompiled_finder("no database"));
    EXPECT_FALSE(make_precompiled_finder(std::string_view(database).substr(0, 20)));
    EXPECT_FALSE(
        make_precompiled_finder(std::string_view(database).substr(0, database.size() - 1)));
    // Its name, its version, its machine, its sum, and what it is made of.
    for (const std::size_t at : {std::size_t{0}, std::size_t{4}, std::size_t{12}, std::size_t{20},
                                 database.size() / 4, database.size() / 2}) {
        std::string other = database;
        other[at] = static_cast<char>(other[at] ^ 1);
        EXPECT_FALSE(make_precompiled_finder(other)) << "byte " << at;
    }
}
#endif

}  // namespace
}  // namespace botbottle::scan
