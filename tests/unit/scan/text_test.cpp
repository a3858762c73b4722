// What the fast paths say is what the plain words of their headers say.
#include "scan/text.h"

#include <gtest/gtest.h>

#include "examples.h"
#include "scan/alphabets.h"
#include "scan/kinds_of_bytes.h"
#include "scan/skeleton.h"

namespace botbottle::scan {
namespace {

TEST(Unescape, LeavesNoEscapeWhereItSaysSo) {
    std::mt19937 random(20261130);
    std::size_t all = 0;
    std::size_t again = 0;
    for (int round = 0; round < 200000; ++round) {
        const std::string text = draw(random, 2 + random() % 40, "%\\&=;#xu{}25a4n\n\r-dp ");
        std::string once;
        const Unescaped done = unescape(text, once);
        if (done == Unescaped::kNothing) {
            EXPECT_EQ(once, "");
            continue;
        }
        again += static_cast<std::size_t>(done == Unescaped::kAgain);
        if (done == Unescaped::kAgain) continue;
        ++all;
        std::string twice;
        ASSERT_EQ(unescape(once, twice), Unescaped::kNothing) << text << " became " << once;
    }
    EXPECT_GT(all, 1000U);
    EXPECT_GT(again, 1000U);
}

TEST(Unescape, SaysThatNothingIsLeftOfWhatJsonWritesMost) {
    std::string out;
    EXPECT_EQ(unescape(R"({"text":"a \"b\"\n\tc, 50 % of d & e = f\n"})", out), Unescaped::kAll);
    EXPECT_EQ(out, "{\"text\":\"a \"b\"\n\tc, 50 % of d & e = f\n\"}");
}

TEST(Unescape, SeesSoftLineEndsThatAnEscapeMade) {
    std::string once;
    EXPECT_EQ(unescape(R"(=6B=65=79=\n)", once), Unescaped::kAgain);
    std::string twice;
    EXPECT_NE(unescape(once, twice), Unescaped::kNothing);
    EXPECT_EQ(twice, "key");
}

TEST(JoinValues, KeepsTheEndsOfLongOnes) {
    const std::string before(5000, 'x');
    const std::string after(5000, 'y');
    std::string out;
    ASSERT_TRUE(join_values("[\"" + before + "first\",\"second" + after + "\"]", out));
    EXPECT_NE(out.find("xfirstsecondy"), std::string::npos);
    EXPECT_LT(out.size(), 5000U);
    out.clear();
    ASSERT_TRUE(join_values("a=" + before + "first&b=second" + after, out));
    EXPECT_NE(out.find("xfirstsecondy"), std::string::npos);
}

TEST(Skeleton, IsLettersAndDigitsInOneCase) {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (std::size_t left = random() % 200; left > 0; --left)
            text += static_cast<char>(random());
        std::string expected = "before";
        for (const char c : text) {
            if (c >= 'A' && c <= 'Z') expected += static_cast<char>(c | 0x20);
            if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) expected += c;
        }
        std::string skeleton = "before";
        append_skeleton(text, skeleton);
        ASSERT_EQ(skeleton, expected);
    }
}

// What is folded in pieces that end before a plain character is what is folded as a whole: blocks
// of odd bytes are gone through in another way than single ones.
TEST(Fold, IsTheSameForDenseAndSparseBytes) {
    std::mt19937 random(7);
    const std::vector<std::string> parts = {
        "\n",       "\n  \t",           "\x01",     "\x7f",     "\x80",
        "\xc2",     "\xc2\xad",         "\xd0\xb0", "\xe2\x80", "\xe2\x80\x8b",
        "\xf0\x9d", "\xf0\x9d\x90\x80", "\xff",     "\xc3\xa9"};
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        std::string expected;
        const unsigned dense = 1 + random() % 12;
        const std::size_t size = random() % 400;
        while (text.size() < size) {
            std::string piece = "x";  // it ends whatever came before, and is too short for a block
            while (random() % dense != 0)
                piece += random() % 4 == 0 ? std::string(1, static_cast<char>(random()))
                                           : parts[random() % parts.size()];
            if (piece.size() > kBlock) continue;
            std::string folded;
            text += piece;
            expected += fold(piece, folded) ? folded : piece;
        }
        std::string folded;
        if (!fold(text, folded)) folded = text;
        ASSERT_EQ(folded, expected);
    }
}

// By the definition: bit after bit.
std::string decoded(std::string_view text, const std::array<std::uint8_t, 256>& table,
                    unsigned bits_each) {
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        bits = (bits << bits_each | table[static_cast<unsigned char>(c)]) & 0xffffU;
        held += bits_each;
        if (held < 8) continue;
        held -= 8;
        out += static_cast<char>(bits >> held & 0xffU);
    }
    return out;
}

TEST(Alphabets, AreDecodedAtEveryLength) {
    std::mt19937 random(6);
    const std::string base64 =
        draw(random, 400, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_");
    const std::string base32 =
        draw(random, 400, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz234567");
    for (std::size_t size = 0; size <= 200; ++size)
        for (std::size_t begin = 0; begin < 4; ++begin)
            for (const std::size_t readable : {0, 31, 32, 100}) {
                std::string out = "before";
                decode_base64_within(std::string_view(base64).substr(begin, size), readable, out);
                ASSERT_EQ(out, "before" + decoded(std::string_view(base64).substr(begin, size),
                                                  alphabets_detail::kBase64, 6));
                out = "before";
                decode_base32_within(std::string_view(base32).substr(begin, size), readable, out);
                ASSERT_EQ(out, "before" + decoded(std::string_view(base32).substr(begin, size),
                                                  alphabets_detail::kBase32, 5));
            }
}

TEST(Text, LooksWrittenWithAFourthOfOtherCharacters) {
    for (std::size_t size = 0; size < 5000; size += size < 300 ? 1 : 97)
        for (const std::size_t others : {size / 4, size / 4 + 1}) {
            if (others > size) continue;
            for (const bool at_end : {false, true}) {
                std::string text(size - others, 'a');
                text.insert(at_end ? text.size() : 0, std::string(others, '\xe9'));
                ASSERT_EQ(looks_written(text), others * 4 <= size) << size;
            }
        }
}

// Mostly of kOfNumbers, so that runs of every length end everywhere; some are longer than what is
// asked at once.
std::string numbers(std::mt19937& random) {
    const std::size_t size = random() % (random() % 20 == 0 ? 3 * kBlocksAtOnce * kBlock : 300);
    std::string text;
    while (text.size() < size)
        text += random() % 20 == 0 ? static_cast<char>(random()) : "7- "[random() % 3];
    return text;
}

TEST(Bytes, AreFoundOneByOne) {
    std::mt19937 random(3);
    for (int round = 0; round < 3000; ++round) {
        const std::string text = numbers(random);
        ByteCursor cursor(text, kOfNumbers);
        std::vector<std::size_t> members;
        for (std::size_t at = cursor.next(0); at < text.size(); at = cursor.next(at + 1))
            members.push_back(at);
        std::vector<std::size_t> expected;
        for (std::size_t at = 0; at < text.size(); ++at)
            if (kOfNumbers.has(text[at])) expected.push_back(at);
        ASSERT_EQ(members, expected);
    }
}

template <std::size_t kShortest>
void expect_runs(std::string_view text) {
    std::vector<std::pair<std::size_t, std::size_t>> runs;
    for_each_run<kShortest>(text, kOfNumbers, [&](std::size_t begin, std::size_t run) {
        runs.emplace_back(begin, run);
    });
    std::vector<std::pair<std::size_t, std::size_t>> expected;
    std::size_t open = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        if (at < text.size() && kOfNumbers.has(text[at])) {
            ++open;
            continue;
        }
        if (open >= kShortest) expected.emplace_back(at - open, open);
        open = 0;
    }
    ASSERT_EQ(runs, expected) << kShortest << " of " << text.size();
}

TEST(Bytes, AreFoundInRuns) {
    std::mt19937 random(4);
    for (int round = 0; round < 5000; ++round) {
        const std::string text = numbers(random);
        expect_runs<2>(text);
        expect_runs<12>(text);
        expect_runs<16>(text);
        expect_runs<24>(text);
        expect_runs<26>(text);
        expect_runs<63>(text);
        expect_runs<64>(text);
    }
    // Of every length, over every border of a block and of what is asked at once.
    constexpr std::size_t kAll = kBlocksAtOnce * kBlock;
    for (const std::size_t border : {kBlock, 2 * kBlock, kAll})
        for (std::size_t begin = border - std::min<std::size_t>(border, 70); begin <= border + 2;
             ++begin)
            for (std::size_t size = 22; size < 140; ++size) {
                std::string text(begin, 'x');
                text.append(size, '7');
                expect_runs<24>(text);
                expect_runs<24>(text += 'x');
            }
}

// A cursor that is moved on finds what one that visits each finds.
TEST(Bytes, AreFoundFromAnyPlaceOn) {
    std::mt19937 random(5);
    for (int round = 0; round < 2000; ++round) {
        const std::string text = numbers(random);
        const Kind others([](char c) { return !kOfNumbers.has(c); });
        ByteCursor cursor(text, others);
        for (std::size_t at = 0; at <= text.size(); at += random() % 200) {
            const std::size_t found = cursor.next(at);
            std::size_t expected = at;
            while (expected < text.size() && !others.has(text[expected]))
                ++expected;
            ASSERT_EQ(found, expected);
            if (random() % 2 == 0) at = std::max(at, found);
        }
    }
}

TEST(Bytes, AreTheSameToVectorsOfEachWidth) {
    std::string text;
    for (unsigned block = 0; block < 5; ++block)
        for (unsigned byte = 0; byte < 256; ++byte)
            text += static_cast<char>(byte * (2 * block + 1) + block);
    constexpr Kind kAll([](char) { return true; });
    constexpr Kind kNone([](char) { return false; });
    constexpr Kind kOdd([](char c) { return static_cast<signed char>(c) < ' ' || c == '\x7f'; });
    const std::size_t blocks = text.size() / kBlock;
    for (const Kind* kind : {&kBase64Digits, &kOfNumbers, &kAll, &kNone, &kOdd}) {
        std::vector<std::uint64_t> expected(blocks);
        ask_blocks(*kind, text.data(), blocks, expected.data(), Vectors::kNone);
        for (std::size_t at = 0; at < text.size(); ++at)
            ASSERT_EQ(expected[at / kBlock] >> at % kBlock & 1U, kind->has(text[at]) ? 1U : 0U);
        for (const Vectors vectors : {Vectors::k16Bytes, Vectors::k32Bytes, Vectors::k64Bytes}) {
            if (vectors > widest_vectors()) continue;
            std::vector<std::uint64_t> words(blocks);
            ask_blocks(*kind, text.data(), blocks, words.data(), vectors);
            ASSERT_EQ(words, expected) << static_cast<int>(vectors);
        }
    }
}

}  // namespace
}  // namespace botbottle::scan
