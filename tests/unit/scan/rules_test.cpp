// Every kind: a true example is found, and a near miss is not.
#include "scan/rules.h"

#include <gtest/gtest.h>

#include <set>

#include "examples.h"

namespace botbottle::scan {
namespace {

bool is_drawn_kind(Check check) {
    return check == Check::kRandom || check == Check::kAlone || check == Check::kGithub;
}

TEST(Rules, FindADrawnExampleOfEachPattern) {
    std::mt19937 random(7);
    for (const Pattern& pattern : builtin()->patterns()) {
        if (!is_drawn_kind(pattern.check) && pattern.check != Check::kPlain) continue;
        const std::string& id = builtin()->kinds()[pattern.rule].id;
        int found = 0;
        for (int round = 0; round < 5; ++round)
            found += static_cast<int>(
                finds(scan_all("key = " + draw_shape(random, pattern) + "\n"), id));
        // A drawn text may, rarely, look written.
        EXPECT_GE(found, 4) << id << ' ' << pattern.text;
    }
}

TEST(Rules, PassWhatOnlyHasTheShape) {
    for (const Pattern& pattern : builtin()->patterns()) {
        if (!is_drawn_kind(pattern.check)) continue;
        const std::string& id = builtin()->kinds()[pattern.rule].id;
        EXPECT_FALSE(finds(scan_all("key = " + monotonous_shape(pattern) + "\n"), id))
            << id << ' ' << pattern.text;
    }
}

struct Example {
    const char* rule;
    std::string text;
    std::string near_miss;
};

// The kinds with a check of their own. Parts are put together here, so that the tree holds none.
std::vector<Example> examples() {
    std::mt19937 random(11);
    const std::string key = "wJa1rXUt" + std::string("nFEMI/K7MD") + "ENG/bPxRfi" + "CYzzTOPzKEy9";
    const std::string header = to_base64_url(R"({"alg":"HS256","typ":"JWT"})");
    const std::string payload = to_base64_url(R"({"sub":"1234567890","name":"x"})");
    const std::string pem = draw(random, 64, kLetters);
    const std::string snowflake = to_base64_url("917263549182736455");
    const std::string discord = draw(random, 6, kLetters) + "." + draw(random, 27, kLetters);
    const std::string basic = to_base64("robot:" + draw(random, 20, kLetters));
    const std::string not_basic = to_base64("robot of " + draw(random, 20, kLetters));
    const std::string card = std::string("4111 1111") + " 1111 1111";
    const std::string iban = std::string("DE89 3704 ") + "0044 0532 0130 00";
    const std::string wif = std::string("5HueCGU8rMjxEXxiPuD5BD") + "ku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
    return {
        {"aws-secret-key", "aws_secret_access_key = " + key + "\n",
         "aws_secret_access_key = 3f786850e387550fdab836ed7e6dc881de23001b\n"},
        {"aws-secret-key", "aws_secret_access_key = " + key + "\n", "the path " + key + "\n"},
        {"jwt", "Bearer " + header + "." + payload + ".c2ln",
         to_base64_url(R"({"typ":"JWT","no":1})") + "." + payload},
        {"basic-auth", "Authorization: Basic " + basic, "Authorization: Basic " + not_basic},
        {"discord-token", "token " + snowflake + "." + discord,
         "token " + to_base64_url("not a number at all") + "." + discord},
        {"telegram-token", "bot 123456789:AA" + draw(random, 33, kLetters),
         "at 12:AA" + draw(random, 33, kLetters)},
        {"payment-card", "pay with " + card + " now", "pay with 4111 1111 1111 1112 now"},
        {"payment-card", "1234 " + card + ".", "1234 5678 9012 3456."},
        {"iban", "to " + iban + " please", "to DE88 3704 0044 0532 0130 00 please"},
        {"iban", "to GB82WEST" + std::string("12345698765432") + ".", "to GB83WEST12345698765432."},
        {"bitcoin-key", "K" + wif + " ", wif.substr(0, 50) + "K "},
        {"url-password", "postgres://app:" + draw(random, 16, kLetters) + "@db.internal/x",
         "postgres://app:password@db.internal/x"},
        {"url-password", "https://me:" + draw(random, 16, kLetters) + "@host.example/",
         "https://host.example/@" + draw(random, 16, kLetters)},
        {"environment-dump", "SERVICE_TOKEN=" + draw(random, 24, kLetters),
         "SERVICE_TOKEN=$(cat /run/secrets/service-token)"},
        {"private-key", "-----BEGIN " + std::string("PRIVATE KEY-----\n") + pem + "\n",
         "-----BEGIN PUBLIC KEY-----\n" + pem + "\n"},
        {"private-key", "-----BEGIN RSA " + std::string("PRIVATE KEY-----\\n") + pem + "\\n",
         "the line BEGIN RSA PRIVATE KEY is followed by text"},
        {"azure-client-secret", "secret=aB38Q~" + draw(random, 31, kLetters),
         "secret=aB38Q " + draw(random, 31, kLetters)},
        {"aws-access-key-id", "id " + std::string("AKIA") + "Q3EGRIWZ7LKPX2MT",
         "id AKIAIOSFODNN7EXAMPLE"},
    };
}

TEST(Rules, ReadWhatNeedsACheckOfItsOwn) {
    for (const Example& example : examples()) {
        EXPECT_TRUE(finds(scan_all(example.text), example.rule)) << example.rule << example.text;
        EXPECT_FALSE(finds(scan_all(example.near_miss), example.rule))
            << example.rule << ": " << example.near_miss;
    }
}

TEST(Rules, HaveAnExampleForEachKind) {
    std::set<std::string> covered;
    for (const Pattern& pattern : builtin()->patterns())
        if (is_drawn_kind(pattern.check) || pattern.check == Check::kPlain)
            covered.insert(builtin()->kinds()[pattern.rule].id);
    for (const Example& example : examples())
        covered.insert(example.rule);
    for (const Rule& rule : builtin()->kinds())
        EXPECT_TRUE(covered.contains(rule.id)) << rule.id;
}

TEST(Rules, TakeExpressionsOfTheOperator) {
    const auto rules =
        Rules::load("@ badge a badge number\nbadge regex ACME-(\\d{4}|[A-F]{4})-x+\n");
    ASSERT_TRUE(rules) << rules.error().message;
    Stream stream(*rules, nullptr);
    EXPECT_TRUE(stream.feed("no ACME-12-x here"));
    EXPECT_FALSE(stream.feed(" but ACME-1234-xx"));
    ASSERT_EQ(stream.findings().size(), 1U);
    EXPECT_EQ(stream.findings()[0].what, "a badge number");
    EXPECT_EQ(stream.findings()[0].offset, 22U);
}

TEST(Rules, RefuseExpressionsThatCannotBeMeant) {
    for (const char* text : {"x regex (", "x regex a*", "x regex (?<=a)b"}) {
        const auto rules = Rules::load(text);
        ASSERT_FALSE(rules) << text;
        EXPECT_EQ(rules.error().code, "scan_rules_invalid");
    }
}

}  // namespace
}  // namespace botbottle::scan
