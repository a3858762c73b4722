#include "supervise/document.h"

#include <gtest/gtest.h>

#include <string>

#include "supervise/limits.h"
#include "supervise/proposal.h"

namespace botbottle::supervise {
namespace {

TEST(Document, RefusesWhatIsTooDeepToCopy) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(parse_document(nested(kMaxDepth)));
    EXPECT_FALSE(parse_document(nested(kMaxDepth + 1)));
    EXPECT_FALSE(parse_document(std::string(kMaxBody, '[')));
    EXPECT_TRUE(parse_document(R"(["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "\"[["])"));
    for (const char* bad : {"", "{", "nonsense", "{\"a\":}", "\xff"})
        EXPECT_FALSE(parse_document(bad)) << bad;
}

TEST(Document, WritesNothingThatDrivesATerminal) {
    const std::string text = write_document({{"a", "\x1b[2J\u202e\u009b\x7f"}});
    for (const char c : text)
        EXPECT_TRUE(c >= 0x20 && c <= 0x7e) << text;
}

TEST(ProposalId, IsOnlyWhatWeMade) {
    EXPECT_TRUE(is_proposal_id(new_proposal_id()));
    EXPECT_NE(new_proposal_id(), new_proposal_id());
    for (const char* bad : {"", "p-", "p-../../x", "p-ABCDEFGH", "p-1234567", "p-123456789",
                            "x-12345678", "p-1234567/", "../p-12345"})
        EXPECT_FALSE(is_proposal_id(bad)) << bad;
}

TEST(Decision, IsReadAsItWasWritten) {
    const Decision decision{"p-12345678", "modified", "note",        {{"host", "a.example"}},
                            "operator",   "session",  1'700'000'000, true};
    const auto read = decision_from_json(to_json(decision));
    ASSERT_TRUE(read);
    EXPECT_EQ(to_json(*read), to_json(decision));
    for (const char* member : {"schema", "id", "status", "decided", "applied"}) {
        Json broken = to_json(decision);
        broken.erase(member);
        EXPECT_FALSE(decision_from_json(broken)) << member;
    }
    Json forged = to_json(decision);
    forged["status"] = "granted";
    EXPECT_FALSE(decision_from_json(forged));
}

}  // namespace
}  // namespace botbottle::supervise
