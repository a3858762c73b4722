// `agent_provider` keys against the provider's own schema.
#include "fixture.h"
#include "plan/provider_settings.h"

namespace botbottle {
namespace {

class ProviderSettings : public test::PlanTest {};

TEST_F(ProviderSettings, EveryTypeIsAccepted) {
    variables_["T"] = "x";
    bottle(
        "agent_provider: {template: scripted, count: 3, words: [a, b], show: false, token: T, "
        "reply: "
        "'{\"schema\": \"botbottle.provider-plan/1\", \"command\": \"x\"}'}");
    agent("bottle: dev");
    const auto plan = plan_agent();
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->provider->settings.value(QStringLiteral("count")), QJsonValue(3));
}

TEST_F(ProviderSettings, Mistakes) {
    struct Row {
        const char* setting;
        const char* error;
    };
    const Row rows[] = {
        {"tokne: T",
         ":4: agent_provider: unknown key \"tokne\" of the provider \"scripted\"; did you mean "
         "\"token\"?"},
        {"model: x",
         ":4: agent_provider: unknown key \"model\" of the provider \"scripted\"; allowed: "
         "template, count, reply, "
         "second, show, token or words"},
        {"count: three",
         ":4: agent_provider.count: found the string \"three\", expected an integer"},
        {"count: 1.5", ":4: agent_provider.count: found the number 1.5, expected an integer"},
        {"show: yes", ":4: agent_provider.show: found the string \"yes\", expected true or false"},
        {"words: a",
         ":4: agent_provider.words: found the string \"a\", expected a list of strings"},
        {"words: [1]", ":4: agent_provider.words: found a list, expected a list of strings"},
        {"reply: 7", ":4: agent_provider.reply: found the number 7, expected a string"},
        {"reply: {a: b}", ":4: agent_provider.reply: found a mapping, expected a string"},
        {"reply:", ":4: agent_provider.reply: found nothing, expected a string"},
        {"token: true", ":4: agent_provider.token: found the boolean true, expected a string"},
        {"token: sk-ant-canary",
         ":4: agent_provider.token: not the name of an environment variable; write the variable's "
         "name, never the "
         "credential itself"},
        {"token: ''",
         ":4: agent_provider.token: not the name of an environment variable; write the variable's "
         "name, never the "
         "credential itself"},
    };
    agent("bottle: dev");
    for (const Row& row : rows) {
        bottle(std::string("agent_provider:\n  template: scripted\n  ") + row.setting);
        const auto plan = plan_agent();
        ASSERT_FALSE(plan) << row.setting;
        EXPECT_EQ(plan.error().code, "manifest_invalid") << row.setting;
        EXPECT_EQ(plan.error().message,
                  path(QStringLiteral("home/bottles/dev.md")).toStdString() + row.error);
    }
}

TEST_F(ProviderSettings, WhatExcludesEachOther) {
    PluginDescriptor descriptor;
    descriptor.id = QStringLiteral("p");
    descriptor.settings = {{QStringLiteral("forward"),
                            SettingSchema::Type::Bool,
                            false,
                            false,
                            {},
                            {QStringLiteral("token")}},
                           {QStringLiteral("token"), SettingSchema::Type::String, true, false, {}}};
    const auto told = [&](const QJsonValue& forward, const QJsonValue& token) {
        ProviderManifest manifest;
        manifest.where = {QStringLiteral("f"), 3};
        if (!token.isUndefined())
            manifest.settings.append({QStringLiteral("token"), token, {QStringLiteral("f"), 4}});
        if (!forward.isUndefined())
            manifest.settings.append(
                {QStringLiteral("forward"), forward, {QStringLiteral("f"), 5}});
        const auto settings = check_provider_settings(manifest, descriptor);
        return settings ? std::string() : settings.error().message;
    };
    const QJsonValue absent(QJsonValue::Undefined);
    EXPECT_EQ(told(true, QStringLiteral("T")),
              "f:4: agent_provider.token: not together with \"forward\": remove one of the two");
    EXPECT_EQ(told(false, QStringLiteral("T")), "") << "a switch that is off";
    EXPECT_EQ(told(true, absent), "");
    EXPECT_EQ(told(absent, QStringLiteral("T")), "");
}

TEST_F(ProviderSettings, RequiredKeysMustBeThere) {
    PluginDescriptor descriptor;
    descriptor.id = QStringLiteral("p");
    descriptor.settings = {{QStringLiteral("key"), SettingSchema::Type::String, false, true,
                            QStringLiteral("what it is")}};
    ProviderManifest manifest;
    manifest.where = {QStringLiteral("f"), 3};
    const auto settings = check_provider_settings(manifest, descriptor);
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().message, "f:3: agent_provider.key: missing: what it is");
}

}  // namespace
}  // namespace botbottle
