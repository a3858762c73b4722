#include <gtest/gtest.h>

#include <QJsonDocument>
#include <cstdlib>

#include "cli/audit_line.h"

namespace botbottle::cli {
namespace {

const char* const kAllowed =
    R"({"seq":1,"time":"2026-11-20T12:03:04.000Z","event":"decision","request":1,"verdict":"allowed","rule":"route","subject":"GET https://api.example.com:443/v1/messages","reason":"","route":"api.example.com","credential":"provider.claude.token"})";
const char* const kOutcome =
    R"({"seq":2,"time":"2026-11-20T12:03:05.000Z","event":"outcome","request":1,"verdict":"allowed","rule":"route","subject":"GET https://api.example.com:443/v1/messages","reason":"","route":"api.example.com","credential":"provider.claude.token","status":200,"bytes_up":200,"bytes_down":1000,"ms":340})";
const char* const kDenied =
    R"({"seq":3,"time":"2026-11-20T12:03:06.000Z","event":"decision","request":3,"verdict":"denied","rule":"host_not_allowed","subject":"CONNECT evil.example:443","reason":"no route names evil.example","route":null,"credential":null})";
const char* const kLife =
    R"({"seq":1,"time":"2026-11-20T12:03:07.000Z","plane":"warden","event":"sidecar_died","subject":"egress","reason":"signal 9"})";

class AuditLine : public ::testing::Test {
  protected:
    void SetUp() override {
        setenv("TZ", "UTC", 1);
        tzset();
    }
    static std::string shown(AuditView& view, const char* record) {
        return view.add(QJsonDocument::fromJson(record).object())
            .join(QLatin1Char('|'))
            .toStdString();
    }
};

TEST_F(AuditLine, JoinsADecisionWithItsOutcome) {
    AuditView view(false);
    EXPECT_EQ(shown(view, kAllowed), "");
    EXPECT_EQ(shown(view, kOutcome),
              "12:03:05 allow GET https://api.example.com:443/v1/messages [provider.claude.token] "
              "200 1.2 kB 340 ms");
    EXPECT_TRUE(view.rest().isEmpty());
}

TEST_F(AuditLine, ShowsWhatIsStillOpen) {
    AuditView view(false);
    shown(view, kAllowed);
    EXPECT_EQ(
        view.rest().join(QLatin1Char('|')).toStdString(),
        "12:03:04 allow GET https://api.example.com:443/v1/messages [provider.claude.token] …");
}

TEST_F(AuditLine, ShowsADecisionAtOnceWhileSomeoneLooksOn) {
    AuditView view(true);
    EXPECT_EQ(
        shown(view, kAllowed),
        "12:03:04 allow GET https://api.example.com:443/v1/messages [provider.claude.token] …");
}

TEST_F(AuditLine, SaysWhyADenialWasOne) {
    AuditView view(false);
    EXPECT_EQ(
        shown(view, kDenied),
        "12:03:06 deny  CONNECT evil.example:443 (host_not_allowed: no route names evil.example)");
}

TEST_F(AuditLine, TellsOfTheBottlesLife) {
    AuditView view(false);
    EXPECT_EQ(shown(view, kLife), "12:03:07 event egress sidecar died: signal 9");
}

TEST_F(AuditLine, WhatABottleWroteCannotDriveTheTerminal) {
    AuditView view(false);
    const std::string line = shown(
        view,
        R"({"event":"decision","verdict":"denied","rule":"x","subject":"GET http://a/\u001b[2J","reason":"\u0007\u202e"})");
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find('\x07'), std::string::npos);
    EXPECT_EQ(line.find("\u202e"), std::string::npos);
}

TEST(SizeText, UsesTheUnitThatReadsBest) {
    const struct {
        qint64 bytes;
        const char* text;
    } rows[] = {
        {0, "0 B"},          {999, "999 B"},        {1000, "1.0 kB"},         {1200, "1.2 kB"},
        {150'000, "150 kB"}, {2'500'000, "2.5 MB"}, {3'000'000'000, "3.0 GB"}};
    for (const auto& row : rows)
        EXPECT_EQ(size_text(row.bytes).toStdString(), row.text);
}

}  // namespace
}  // namespace botbottle::cli
