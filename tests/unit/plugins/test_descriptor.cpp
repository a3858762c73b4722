// Descriptors: what is read, and each way to be wrong.
#include <gtest/gtest.h>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QJsonValue>
#include <functional>

#include "plugins/descriptor.h"

namespace botbottle {
namespace {

QJsonObject good() {
    return QJsonDocument::fromJson(R"({
        "schema": "botbottle.plugin/1", "id": "claude", "kind": "provider", "version": "0.1.0",
        "summary": "Claude", "extensions": ["botbottle.provider/1"], "host_env": ["CODEX_HOME"],
        "settings": {"auth_token": {"type": "string", "format": "host-variable", "required": true,
                                    "summary": "s"},
                     "flag": {"type": "bool"}, "n": {"type": "int"}, "l": {"type": "string-list"}}})")
        .object();
}

TEST(Descriptor, IsRead) {
    const auto descriptor = parse_descriptor(QJsonDocument(good()).toJson());
    ASSERT_TRUE(descriptor) << descriptor.error().message;
    EXPECT_EQ(descriptor->id, QStringLiteral("claude"));
    EXPECT_EQ(descriptor->kind, PluginKind::Provider);
    EXPECT_EQ(descriptor->version, QStringLiteral("0.1.0"));
    EXPECT_EQ(descriptor->host_env, QStringList(QStringLiteral("CODEX_HOME")));
    ASSERT_EQ(descriptor->settings.size(), 4);
    EXPECT_EQ(descriptor->settings[0].key, QStringLiteral("auth_token"));
    EXPECT_TRUE(descriptor->settings[0].host_variable);
    EXPECT_TRUE(descriptor->settings[0].required);
    EXPECT_EQ(descriptor->settings[1].type, SettingSchema::Type::Bool);
    EXPECT_FALSE(descriptor->settings[1].required);
}

TEST(Descriptor, WhatExcludesAnotherNamesOne) {
    const auto with = [](const char* excludes) {
        QJsonObject document = good();
        QJsonObject settings = document[QStringLiteral("settings")].toObject();
        QJsonObject flag = settings[QStringLiteral("flag")].toObject();
        flag[QStringLiteral("excludes")] = QJsonArray{QString::fromLatin1(excludes)};
        settings[QStringLiteral("flag")] = flag;
        document[QStringLiteral("settings")] = settings;
        return parse_descriptor(QJsonDocument(document).toJson());
    };
    EXPECT_EQ(with("auth_token")->settings[1].excludes, QStringList(QStringLiteral("auth_token")));
    for (const char* wrong : {"flag", "nothing"})
        EXPECT_EQ(with(wrong).error().message,
                  std::string("descriptor, \"settings.flag\": \"excludes\" names \"") + wrong +
                      "\", which is no other setting");
}

TEST(Descriptor, Mistakes) {
    struct Row {
        const char* member;
        const char* json;  // the member's value; empty: removed
        const char* error;
    };
    const Row rows[] = {
        {"schema", "", "descriptor, \"schema\": missing, or not one line of text"},
        {"schema", "\"botbottle.plugin/2\"",
         "descriptor, \"schema\": found \"botbottle.plugin/2\", expected \"botbottle.plugin/1\""},
        {"id", "", "descriptor, \"id\": missing, or not one line of text"},
        {"id", "7", "descriptor, \"id\": missing, or not one line of text"},
        {"id", "\"Claude\"", "descriptor, \"id\": found \"Claude\", expected [a-z][a-z0-9-]*"},
        {"id", "\"a/b\"", "descriptor, \"id\": found \"a/b\", expected [a-z][a-z0-9-]*"},
        {"kind", "\"sidecar\"",
         "descriptor, \"kind\": found \"sidecar\", expected provider or backend"},
        {"kind", "", "descriptor, \"kind\": missing, or not one line of text"},
        {"version", "\"\"", "descriptor, \"version\": missing, or not one line of text"},
        {"summary", "\"a\\nb\"", "descriptor, \"summary\": missing, or not one line of text"},
        {"extensions", "", "descriptor, \"extensions\": missing, or not a list"},
        {"extensions", "[1]", "descriptor, \"extensions\": holds something that is no string"},
        {"extensions", "[\"botbottle.backend/1\"]",
         "descriptor, \"extensions\": lacks \"botbottle.provider/1\""},
        {"host_env", "\"A\"", "descriptor, \"host_env\": missing, or not a list"},
        {"host_env", "[\"A=B\"]", "descriptor, \"host_env\": \"A=B\" is not a variable name"},
        {"settings", "[]", "descriptor, \"settings\": missing, or not an object"},
        {"settings", "{\"a\": 1}",
         "descriptor, \"settings.a\": its type must be string, bool, int or string-list"},
        {"settings", "{\"a\": {\"type\": \"float\"}}",
         "descriptor, \"settings.a\": its type must be string, bool, int or string-list"},
        {"settings", "{\"a-b\": {\"type\": \"bool\"}}",
         "descriptor, \"settings.a-b\": a key is letters, digits and \"_\""},
        {"settings", "{\"template\": {\"type\": \"string\"}}",
         "descriptor, \"settings.template\": the key belongs to core"},
        {"settings", "{\"dockerfile\": {\"type\": \"string\"}}",
         "descriptor, \"settings.dockerfile\": the key belongs to core"},
        {"settings", "{\"a\": {\"type\": \"string\", \"required\": \"yes\"}}",
         "descriptor, \"settings.a\": \"required\" must be true or false"},
        {"settings", "{\"a\": {\"type\": \"string\", \"format\": \"path\"}}",
         "descriptor, \"settings.a\": the one format is \"host-variable\""},
        {"settings", "{\"a\": {\"type\": \"bool\", \"format\": \"host-variable\"}}",
         "descriptor, \"settings.a\": the format \"host-variable\" needs the type string"},
    };
    for (const Row& row : rows) {
        QJsonObject object = good();
        object.remove(QLatin1String(row.member));
        if (*row.json != '\0') {
            const auto wrapped = QJsonDocument::fromJson(QByteArray("[") + row.json + "]");
            ASSERT_TRUE(wrapped.isArray()) << row.json;
            object.insert(QLatin1String(row.member), wrapped[0]);
        }
        const auto descriptor = parse_descriptor(QJsonDocument(object).toJson());
        ASSERT_FALSE(descriptor) << row.error;
        EXPECT_EQ(descriptor.error().code, "bad_descriptor");
        EXPECT_EQ(descriptor.error().message, row.error);
    }
}

TEST(Descriptor, WhatIsNoObject) {
    for (const char* text : {"", "null", "[]", "\"x\"", "{\"a\": }", "{} {}"}) {
        EXPECT_FALSE(parse_descriptor(text)) << text;
    }
}

}  // namespace
}  // namespace botbottle
