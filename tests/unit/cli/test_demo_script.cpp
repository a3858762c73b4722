#include <gtest/gtest.h>

#include "cli/demo_script.h"

namespace botbottle::cli {
namespace {

const QString kToken = QStringLiteral("demo-token-abcde");

DemoEvidence evidence(int exit_code, const char* output, const QList<QJsonObject>& requests = {}) {
    return {exit_code, QLatin1String(output), requests, kToken};
}

QJsonObject request(const QString& authorization, const QString& key = {}) {
    return {{QStringLiteral("authorization"), authorization}, {QStringLiteral("x_api_key"), key}};
}

struct Row {
    int step;
    const char* what;
    DemoEvidence evidence;
    bool holds;
};

const char* const kDenial =
    R"({"botbottle":{"verdict":"denied","rule":"host_not_allowed","reason":"no route names 203.0.113.7"}})";
const char* const kDirectAndDenied =
    "curl: (7) Failed to connect to 203.0.113.7\n"
    R"({"botbottle":{"verdict":"denied","rule":"host_not_allowed","reason":"no route names 203.0.113.7"}})";

const char* const kCaughtTwice = R"({"rule":"github-token"}{"rule":"github-token"})";

const Row kRows[] = {
    {0, "nothing found", evidence(0, "A=b\nsearched"), true},
    {0, "the search did not run", evidence(1, ""), false},
    {0, "the credential is there", evidence(0, "TOKEN=demo-token-abcde\nsearched"), false},
    {1, "put on outside",
     evidence(0, "{\"authorization\": \"Bearer [redacted]\"}",
              {request(QStringLiteral("Bearer ") + kToken)}),
     true},
    {1, "put on, and echoed into the bottle",
     evidence(0, "Bearer demo-token-abcde", {request(QStringLiteral("Bearer ") + kToken)}), false},
    {1, "not put on", evidence(0, "{}", {request(QString())}), false},
    {1, "never arrived", evidence(0, "{}"), false},
    {2, "refused", evidence(0, kDenial), true},
    {2, "failed for another reason", evidence(6, "could not resolve"), false},
    {2, "refused, but something arrived", evidence(0, kDenial, {request(QString())}), false},
    {3, "both taken off", evidence(0, "{}", {request(QStringLiteral("Bearer ") + kToken)}), true},
    {3, "the key arrived",
     evidence(0, "{}", {request(QStringLiteral("Bearer ") + kToken, QStringLiteral("stolen-key"))}),
     false},
    {3, "the header arrived", evidence(0, "{}", {request(QStringLiteral("Bearer stolen"))}), false},
    {4, "no way around", evidence(0, kDirectAndDenied), true},
    {4, "a route is there", evidence(28, kDenial), false},
    {4, "the proxy let it through", evidence(0, "curl: (7) Failed to connect\nhello"), false},
    {5, "push refused", evidence(128, "The requested URL returned error: 403"), true},
    {5, "push worked", evidence(0, "To https://api.example.com/leak.git 403"), false},
    {5, "push failed otherwise", evidence(128, "could not resolve host"), false},
    {6, "caught both times", evidence(0, kCaughtTwice), true},
    {6, "caught, but something arrived", evidence(0, kCaughtTwice, {request(QString())}), false},
    {6, "caught once", evidence(0, R"({"rule":"github-token"} hello)"), false},
    {6, "refused for another reason", evidence(0, kDenial), false},
};

TEST(DemoScript, CountsOnlyWhatReallyHappened) {
    const QList<DemoStep> script = demo_script();
    ASSERT_EQ(script.size(), 7);
    for (const Row& row : kRows)
        EXPECT_EQ(script[row.step].judge(row.evidence).has_value(), row.holds)
            << row.step << ": " << row.what;
}

}  // namespace
}  // namespace botbottle::cli
