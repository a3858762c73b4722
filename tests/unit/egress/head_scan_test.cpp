// Heads: what is found, where it is said to be, and what a signed URL may hold.
#include "egress/head_scan.h"

#include <gtest/gtest.h>

#include "scanning.h"

namespace botbottle::egress {
namespace {

HeadVerdict verdict_on(std::string_view target, const http::HeaderFields& fields = {},
                       std::string_view authority = "a.example", std::string_view canonical = {}) {
    scan::Stream stream(tables().kinds, nullptr);
    return scan_head(stream,
                     {"GET", authority, target, canonical.empty() ? target : canonical, fields});
}

TEST(HeadScan, SaysWhereItIsAndNeverWhatItIs) {
    const std::string secret = token();
    struct Case {
        HeadVerdict verdict;
        std::string_view place;
        bool in_target;
        bool in_authority;
    };
    const Case cases[] = {
        {verdict_on("/?q=" + secret), "the request's target", true, false},
        {verdict_on("/", {}, secret + ".example"), "the request's host", false, true},
        {verdict_on("/", {{"Cookie", secret}}), "the request's field Cookie", false, false},
        {verdict_on("/", {{"X-Note", secret}}), "a field of the request's head", false, false},
        {verdict_on("/", {{secret, "1"}}), "a field of the request's head", false, false},
        {verdict_on("/plain", {}, "a.example", "/" + secret), "the request's target", true, false}};
    for (const Case& each : cases) {
        ASSERT_TRUE(each.verdict.caught) << each.place;
        EXPECT_EQ(each.verdict.caught->rule, "github-token");
        EXPECT_TRUE(each.verdict.caught->reason.starts_with(each.place))
            << each.verdict.caught->reason;
        EXPECT_EQ(each.verdict.caught->reason.find(secret.substr(4)), std::string::npos);
        EXPECT_EQ(each.verdict.in_target, each.in_target) << each.place;
        EXPECT_EQ(each.verdict.in_authority, each.in_authority) << each.place;
    }
}

TEST(HeadScan, SaysWhenOneQuestionWouldNotBeAboutAllOfIt) {
    EXPECT_FALSE(verdict_on("/?q=" + token(), {{"X-Note", token()}}).more) << "one rule";
    std::vector<scan::OwnValue> values;
    values.push_back({scan::OwnValue::Kind::kSecret, "slot", Secret(drawn(24))});
    scan::Stream stream(tables().kinds, *scan::OwnValues::create(values));
    const std::string note = token();  // fields are views
    const http::HeaderFields fields = {{"X-Note", note}};
    const std::string target = "/?q=" + drawn(24);
    EXPECT_TRUE(scan_head(stream, {"GET", "a.example", target, target, fields}).more);
}

TEST(HeadScan, PutsTogetherWhatWasCut) {
    const std::string secret = token();
    const std::string first = secret.substr(0, 20);
    const std::string second = secret.substr(20);
    EXPECT_TRUE(verdict_on("/", {{first, second}}).caught);
    EXPECT_TRUE(verdict_on("/", {{"X-A", first}, {"X-B", second}}).caught);
    EXPECT_TRUE(verdict_on("/?a=" + first + "&b=" + second).caught);
    EXPECT_FALSE(verdict_on("/?a=" + first, {{"X-A", "1"}, {"X-B", "2"}}).caught);
}

TEST(HeadScan, LetsASignedUrlThrough) {
    const std::string signature = "&X-Amz-Expires=300&X-Amz-Signature=" + std::string(64, 'a');
    const std::string key = std::string("AKIA") + "Q2W3E4R5T6Y7U2I3";
    EXPECT_TRUE(verdict_on("/o?X-Amz-Credential=" + key).caught);
    EXPECT_FALSE(verdict_on("/o?X-Amz-Credential=" + key + "%2F20260101" + signature).caught);
    // Any other kind in it is found, and the same one elsewhere.
    EXPECT_TRUE(verdict_on("/o?a=" + token() + signature).caught);
    EXPECT_TRUE(verdict_on("/o?a=b" + signature, {{"X-Note", key}}).caught);
}

TEST(Presigned, NeedsASignatureAndItsTerms) {
    EXPECT_TRUE(is_presigned("/b?se=2026&sp=r&sig=x"));
    EXPECT_TRUE(is_presigned("/b?Expires=1&Signature=x&Key-Pair-Id=k"));
    EXPECT_TRUE(is_presigned("/b?x-amz-signature=x&x-amz-expires=1"));
    for (const char* other :
         {"/b", "/b?", "/b?sig=x", "/b?se=2026", "/sig=x&se=1", "/b?xsig=1&se=1"})
        EXPECT_FALSE(is_presigned(other)) << other;
}

}  // namespace
}  // namespace botbottle::egress
