#include "supervise/route_file.h"

#include <gtest/gtest.h>

#include <QJsonDocument>

namespace botbottle {
namespace {

const QString kFile = QStringLiteral("dev.md");
constexpr const char* kWanted = R"({"host": "new.example.com", "ports": [443],
    "methods": ["GET"], "path_allowlist": null,
    "auth": {"scheme": "Bearer", "token_ref": "GH_PAT"}})";

Result<std::string> put(const std::string& text, const char* route = kWanted) {
    return with_route_in_file(text, kFile, QJsonDocument::fromJson(route).object());
}

TEST(RouteFile, ARouteBecomesTheLastOne) {
    const auto text =
        put("---\n"
            "# mine\n"
            "egress:\n"
            "  routes:\n"
            "    - host: a.example   # why\n"
            "      methods: [GET]\n"
            "    # a remark\n"
            "env: {A: b}\n"
            "---\n"
            "Words.\n");
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text,
              "---\n"
              "# mine\n"
              "egress:\n"
              "  routes:\n"
              "    - host: a.example   # why\n"
              "      methods: [GET]\n"
              "    - host: new.example.com\n"
              "      methods:\n"
              "        - GET\n"
              "      auth:\n"
              "        scheme: Bearer\n"
              "        token_ref: GH_PAT\n"
              "    # a remark\n"
              "env: {A: b}\n"
              "---\n"
              "Words.\n");
}

TEST(RouteFile, AFileWithoutEgressGetsIt) {
    const auto text = put("---\nsupervise: true\n---\n",
                          R"({"host": "a.example", "ports": [443], "auth": null})");
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, "---\nsupervise: true\negress:\n  routes:\n    - host: a.example\n---\n");
}

TEST(RouteFile, TheRouteOfThatHostIsReplaced) {
    const auto text =
        put("---\negress:\n  routes:\n"
            "    - host: a.example\n      methods: [GET]\n      websocket: false\n"
            "    - host: b.example\n---\n",
            R"({"host": "a.example", "ports": [443, 8443],
                              "methods": ["GET", "POST"], "auth": null})");
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text,
              "---\negress:\n  routes:\n"
              "    - host: a.example\n      methods:\n        - GET\n        - POST\n"
              "      websocket: false\n      ports:\n        - 443\n        - 8443\n"
              "    - host: b.example\n---\n");
}

TEST(RouteFile, WhatIsNotInBlockStyleIsLeftAlone) {
    for (const char* text :
         {"---\negress: {routes: [{host: a.example}]}\n---\n", "---\negress:\n  routes: []\n---\n",
          "---\negress:\n  routes: [{host: a.example}]\n---\n"}) {
        const auto put_there = put(text);
        ASSERT_FALSE(put_there) << text;
        EXPECT_EQ(put_there.error().code, "not_in_block_style");
        EXPECT_NE(put_there.error().hint.find("- host: new.example.com"), std::string::npos);
    }
}

}  // namespace
}  // namespace botbottle
