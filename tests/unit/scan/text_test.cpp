// What the fast paths say is what the plain words of their headers say.
#include "scan/text.h"

#include <gtest/gtest.h>

#include "examples.h"
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

TEST(Bytes, AreFoundOneByOneAndInRuns) {
    std::mt19937 random(4);
    for (int round = 0; round < 5000; ++round) {
        // Mostly members, so that runs of every length end everywhere.
        std::string text;
        const std::size_t size = random() % 300;
        while (text.size() < size)
            text += random() % 20 == 0 ? static_cast<char>(random()) : "7- "[random() % 3];
        const auto is_member = [](char c) { return is_digit(c) || c == ' ' || c == '-'; };

        ByteCursor cursor(text, are_of_numbers);
        std::vector<std::size_t> members;
        for (std::size_t at = cursor.next(0); at < text.size(); at = cursor.next(at + 1))
            members.push_back(at);
        std::vector<std::pair<std::size_t, std::size_t>> runs;
        for_each_run<12>(text, are_of_numbers, [&](std::size_t begin, std::size_t run) {
            runs.emplace_back(begin, run);
        });

        std::vector<std::size_t> expected_members;
        std::vector<std::pair<std::size_t, std::size_t>> expected_runs;
        std::size_t open = 0;
        for (std::size_t at = 0; at <= text.size(); ++at) {
            if (at < text.size() && is_member(text[at])) {
                expected_members.push_back(at);
                ++open;
                continue;
            }
            if (open >= 12) expected_runs.emplace_back(at - open, open);
            open = 0;
        }
        ASSERT_EQ(members, expected_members);
        ASSERT_EQ(runs, expected_runs);
    }
}

}  // namespace
}  // namespace botbottle::scan
