// What comes back from a plugin, whatever it does.
#include "fixture.h"

namespace botbottle {
namespace {

class Calls : public test::PluginDirectory {
  protected:
    Calls() { install("good", QStringLiteral("provider-sample.so")); }

    static QJsonObject request(const char* what) { return {{QLatin1String(what), true}}; }
};

TEST_F(Calls, RequestAndReplyAreJsonObjects) {
    PluginRegistry registry(places(), {});
    const auto provider = registry.provider(QStringLiteral("sample"));
    ASSERT_TRUE(provider) << provider.error().message;
    const QJsonObject sent{{QStringLiteral("echo"), QStringLiteral("ünï\n\"漢")},
                           {QStringLiteral("n"), 7}};
    const auto reply = (*provider)->provision(sent);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(*reply, sent);
    EXPECT_EQ((*provider)->command_line({})->value(QStringLiteral("argv"))[0],
              QJsonValue(QStringLiteral("true")));
}

TEST_F(Calls, Errors) {
    PluginRegistry registry(places(), {});
    const auto provider = registry.provider(QStringLiteral("sample"));
    ASSERT_TRUE(provider);
    struct Row {
        const char* request;
        const char* code;
        const char* message;
        const char* hint;
    };
    const Row rows[] = {
        {"error", "no_such_thing", "it is gone", "look again"},
        {"silent", "unavailable", "plugin sample failed (status 2) without saying why", ""},
        {"bad-code", "not_found", "m", ""},
        {"nothing", "bad_reply",
         "plugin sample replied with something that is no JSON object: illegal value", ""},
        {"not-json", "bad_reply",
         "plugin sample replied with something that is no JSON object: unterminated object", ""},
        {"list", "bad_reply",
         "plugin sample replied with something that is no JSON object: not an object", ""},
        {"flood", "bad_reply", "plugin sample wrote more than 67108864 bytes", ""},
    };
    for (const Row& row : rows) {
        const auto reply = (*provider)->provision(request(row.request));
        ASSERT_FALSE(reply) << row.request;
        EXPECT_EQ(reply.error().code, row.code) << row.request;
        EXPECT_EQ(reply.error().message, row.message) << row.request;
        EXPECT_EQ(reply.error().hint, row.hint) << row.request;
    }
}

TEST_F(Calls, TheHostIsCalledBack) {
    QStringList phases;
    QString told_by;
    PluginHost host;
    host.progress = [&](const QString& plugin, const QJsonObject& progress) {
        told_by = plugin;
        phases += progress.value(QStringLiteral("phase")).toString();
    };
    host.cancelled = [] { return true; };
    PluginRegistry registry(places(), host);
    const auto provider = registry.provider(QStringLiteral("sample"));
    ASSERT_TRUE(provider);
    const auto reply = (*provider)->provision(request("callbacks"));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_TRUE(reply->value(QStringLiteral("cancelled")).toBool());
    EXPECT_EQ(phases, QStringList(QStringLiteral("p")));  // what is no JSON is not passed on
    EXPECT_EQ(told_by, QStringLiteral("sample"));
}

TEST_F(Calls, WithoutCallbacksNothingIsCancelled) {
    PluginRegistry registry(places(), {});
    const auto provider = registry.provider(QStringLiteral("sample"));
    ASSERT_TRUE(provider);
    const auto reply = (*provider)->provision(request("callbacks"));
    ASSERT_TRUE(reply);
    EXPECT_FALSE(reply->value(QStringLiteral("cancelled")).toBool(true));
}

TEST_F(Calls, EventsAreOptional) {
    PluginRegistry registry(places(), {});
    const auto provider = registry.provider(QStringLiteral("sample"));
    ASSERT_TRUE(provider);
    EXPECT_FALSE((*provider)->has_events());
    EXPECT_EQ((*provider)->normalise(request("echo")), QJsonObject());
}

TEST_F(Calls, AnExceptionBecomesAnError) {
    install("throwing", QStringLiteral("provider-throwing.so"));
    PluginRegistry registry(places(), {});
    const auto provider = registry.provider(QStringLiteral("throwing"));
    ASSERT_TRUE(provider) << provider.error().message;
    EXPECT_EQ((*provider)->provision({}).error().code, "plugin_threw");
}

TEST_F(Calls, ACrashBecomesAnErrorAndTheHostGoesOn) {
    install("crashing", QStringLiteral("provider-crashing.so"));
    PluginRegistry registry(places(), {});
    const auto provider = registry.provider(QStringLiteral("crashing"));
    ASSERT_TRUE(provider) << provider.error().message;
    for (int time = 0; time < 2; ++time) {
        const auto crash = (*provider)->provision({});
        ASSERT_FALSE(crash);
        EXPECT_EQ(crash.error().code, "plugin_crashed");
        EXPECT_TRUE(crash.error().message.starts_with("plugin crashing: provision ")) << "by name";
        EXPECT_EQ((*provider)->command_line({}).error().message,
                  "plugin crashing: command_line ended its process (exit code 0)");
    }
}

TEST_F(Calls, TheInstanceIsDestroyedWithTheRegistry) {
    unsetenv("BOTBOTTLE_DESTROYED_sample");
    {
        PluginRegistry registry(places(), {});
        ASSERT_TRUE(registry.provider(QStringLiteral("sample")));
        EXPECT_EQ(getenv("BOTBOTTLE_DESTROYED_sample"), nullptr);
    }
    EXPECT_NE(getenv("BOTBOTTLE_DESTROYED_sample"), nullptr);
}

}  // namespace
}  // namespace botbottle
