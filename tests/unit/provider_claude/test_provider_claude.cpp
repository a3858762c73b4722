#include <gtest/gtest.h>

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>

#include "plugins/registry.h"

namespace botbottle {
namespace {

const QString kVariable = QStringLiteral("MY_TOKEN");

QJsonObject parse(const char* text) {
    return QJsonDocument::fromJson(text).object();
}

class ProviderClaude : public ::testing::Test {
  protected:
    ProviderClaude()
        : registry_({{QStringLiteral(BOTBOTTLE_BUILT_PLUGINS)}, std::nullopt}, {}),
          provider_(registry_.provider(QStringLiteral("claude")).value_or(nullptr)) {}

    void SetUp() override { ASSERT_NE(provider_, nullptr); }

    // A request with a credential that begins so; an empty prefix means none at all.
    static QJsonObject request(const QString& prefix) {
        QJsonObject object = parse(R"({
            "guest": {"home": "/home/agent", "workspace": "/workspace", "user": "agent", "uid": 1000,
                      "ca_certificate": "/etc/botbottle/ca.pem", "ca_bundle": "/etc/ssl/bundle.crt"},
            "state_dir": "/state", "host_env": {}, "secret_shapes": {}, "headless": false,
            "settings": {}, "supervise": null})");
        if (prefix.isEmpty()) return object;
        object[QStringLiteral("settings")] = QJsonObject{{QStringLiteral("auth_token"), kVariable}};
        object[QStringLiteral("secret_shapes")] =
            QJsonObject{{kVariable, QJsonObject{{QStringLiteral("prefix"), prefix},
                                                {QStringLiteral("length"), 108}}}};
        return object;
    }

    QJsonObject plan(const QString& prefix) const {
        const auto reply = provider_->provision(request(prefix));
        EXPECT_TRUE(reply) << reply.error().message;
        return reply.value_or(QJsonObject());
    }

    QStringList argv(const char* members) const {
        QJsonObject object = parse(members);
        object.insert(QStringLiteral("guest"), request({}).value(QStringLiteral("guest")));
        const auto reply = provider_->command_line(object);
        EXPECT_TRUE(reply) << reply.error().message;
        QStringList words;
        if (!reply) return words;
        for (const QJsonValue& word : reply->value(QStringLiteral("argv")).toArray())
            words += word.toString();
        return words;
    }

    PluginRegistry registry_;
    ProviderPlugin* provider_;
};

TEST_F(ProviderClaude, WithoutACredentialThereIsNoRouteAndNoPlaceholder) {
    EXPECT_EQ(plan({}), parse(R"({
        "schema": "botbottle.provider-plan/1",
        "command": "claude",
        "env": {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_ERROR_REPORTING": "1",
                "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
                "IS_SANDBOX": "1", "NODE_EXTRA_CA_CERTS": "/etc/botbottle/ca.pem"},
        "hidden_env": [],
        "directories": [{"path": "/home/agent/.claude", "mode": "0700"}],
        "files": [{"path": "/home/agent/.claude.json", "mode": "0600", "content":
            "{\n  \"bypassPermissionsModeAccepted\": true,\n  \"hasCompletedOnboarding\": true,\n  \"projects\": {\n    \"/workspace\": {\n      \"hasTrustDialogAccepted\": true\n    }\n  }\n}\n"}],
        "pre_copy": [],
        "verify": [["claude", "--version"]],
        "skills_directory": "/home/agent/.claude/skills",
        "conversation": ["/home/agent/.claude/projects"],
        "routes": [],
        "secrets": {}
    })"));
}

TEST_F(ProviderClaude, TheKindOfTheCredentialDecidesHeaderAndPlaceholder) {
    struct Row {
        const char* prefix;
        const char* placeholder;
        const char* routes;
    };
    const char* bearer = R"({"r": [{"host": "api.anthropic.com", "ports": [443],
        "path_allowlist": ["/v1/messages", "/api/claude_code/settings", "/api/claude_code/policy_limits"],
                                    "auth": {"scheme": "Bearer", "secret": "token"}}]})";
    const char* key = R"({"r": [{"host": "api.anthropic.com", "ports": [443],
        "path_allowlist": ["/v1/messages", "/api/claude_code/settings", "/api/claude_code/policy_limits"],
                                 "auth": {"scheme": "header", "name": "x-api-key", "secret": "token"}}]})";
    const Row rows[] = {{"sk-ant-oat01-", "CLAUDE_CODE_OAUTH_TOKEN", bearer},
                        {"sk-ant-api03-x", "ANTHROPIC_API_KEY", key},
                        {"sk-ant-api", "ANTHROPIC_API_KEY", key},
                        {"sk-ant-", "CLAUDE_CODE_OAUTH_TOKEN", bearer},
                        {"something", "CLAUDE_CODE_OAUTH_TOKEN", bearer}};
    for (const Row& row : rows) {
        const QJsonObject reply = plan(QString::fromLatin1(row.prefix));
        const QString name = QString::fromLatin1(row.placeholder);
        const QJsonObject env = reply.value(QStringLiteral("env")).toObject();
        EXPECT_EQ(env.size(), 7) << row.prefix;
        EXPECT_TRUE(env.value(name).toString().contains(QStringLiteral("placeholder")))
            << row.prefix;
        EXPECT_EQ(reply.value(QStringLiteral("hidden_env")).toArray(), QJsonArray{name})
            << row.prefix;
        EXPECT_EQ(reply.value(QStringLiteral("routes")),
                  parse(row.routes).value(QStringLiteral("r")))
            << row.prefix;
        EXPECT_EQ(reply.value(QStringLiteral("secrets")).toObject(),
                  parse(R"({"token": {"host_variable": "MY_TOKEN"}})"));
    }
}

// The client asks before it uses a key from the environment, unless it finds the key's end there.
TEST_F(ProviderClaude, AnApiKeysPlaceholderIsApproved) {
    const QJsonObject reply = plan(QStringLiteral("sk-ant-api03-x"));
    const QString key =
        reply.value(QStringLiteral("env"))[QStringLiteral("ANTHROPIC_API_KEY")].toString();
    const QString content =
        reply.value(QStringLiteral("files"))[0][QStringLiteral("content")].toString();
    const QJsonObject state = QJsonDocument::fromJson(content.toUtf8()).object();
    EXPECT_EQ(
        state.value(QStringLiteral("customApiKeyResponses"))[QStringLiteral("approved")].toArray(),
        QJsonArray{key.right(20)});
    EXPECT_FALSE(plan(QStringLiteral("sk-ant-oat01-"))
                     .value(QStringLiteral("files"))[0][QStringLiteral("content")]
                     .toString()
                     .contains(QStringLiteral("customApiKeyResponses")));
}

TEST_F(ProviderClaude, SuperviseIsRegisteredWithAPatientTimeOut) {
    QJsonObject with = request({});
    with[QStringLiteral("supervise")] = parse(R"({"url": "http://127.0.0.1:9100/mcp"})");
    const QString content = provider_->provision(with)
                                .value()
                                .value(QStringLiteral("files"))[0][QStringLiteral("content")]
                                .toString();
    EXPECT_EQ(
        QJsonDocument::fromJson(content.toUtf8()).object().value(QStringLiteral("mcpServers")),
        parse(R"({"m": {"supervise": {"type": "http", "url": "http://127.0.0.1:9100/mcp",
                                            "timeout": 900000}}})")
            .value(QStringLiteral("m")));
}

TEST_F(ProviderClaude, CommandLines) {
    struct Row {
        const char* request;
        const char* argv;
    };
    const Row rows[] = {
        {R"({"prompt_file": null, "resume": false, "headless_prompt": null, "arguments": []})",
         "claude --dangerously-skip-permissions"},
        {R"({"prompt_file": "/p.md", "resume": false, "headless_prompt": null, "arguments": []})",
         "claude --dangerously-skip-permissions --append-system-prompt-file /p.md"},
        {R"({"prompt_file": null, "resume": false, "headless_prompt": "-fix it", "arguments": ["--model", "x"]})",
         "claude --dangerously-skip-permissions -p --output-format stream-json --verbose --model x "
         "-- -fix it"},
        {R"({"prompt_file": null, "resume": false, "headless_prompt": null, "arguments": ["--debug", "hello"]})",
         "claude --dangerously-skip-permissions --debug hello"},
        {R"({"prompt_file": null, "resume": false, "headless_prompt": null, "opening": "-go on", "arguments": []})",
         "claude --dangerously-skip-permissions -- -go on"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(argv(row.request).join(u' '), QString::fromLatin1(row.argv));
}

// The command line of a resume, really run: a "claude" that says what it was given.
TEST_F(ProviderClaude, ResumeNamesTheLastConversation) {
    const QTemporaryDir directory;
    const QString home = directory.path();
    const auto write = [&home](const QString& name, const QByteArray& text, int age) {
        QFileInfo(home + name).dir().mkpath(QStringLiteral("."));
        QFile file(home + name);
        ASSERT_TRUE(file.open(QIODevice::WriteOnly));
        file.write(text);
        file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        file.flush();
        file.setFileTime(QDateTime::currentDateTime().addSecs(-age), QFile::FileModificationTime);
    };
    const auto run = [&](const char* request) {
        const QStringList words = argv(request);
        QProcess process;
        process.setProcessEnvironment([&home] {
            QProcessEnvironment environment;
            environment.insert(QStringLiteral("HOME"), home);
            environment.insert(QStringLiteral("PATH"), home + QStringLiteral("/bin:/usr/bin:/bin"));
            return environment;
        }());
        process.start(words.first(), words.mid(1));
        EXPECT_TRUE(process.waitForFinished());
        return QString::fromUtf8(process.readAllStandardOutput()).trimmed();
    };
    const char* const plain =
        R"({"prompt_file": "/p.md", "resume": true, "headless_prompt": null, "arguments": []})";
    const char* const headless =
        R"({"prompt_file": null, "resume": true, "headless_prompt": "$HOME `x`", "arguments": ["a b"]})";
    write(QStringLiteral("/bin/claude"), "#!/bin/sh\nprintf '[%s]' \"$@\"\n", 0);
    EXPECT_EQ(run(plain),
              QStringLiteral("[--dangerously-skip-permissions][--append-system-prompt-file][/p.md]"
                             "[--system-prompt-snapshot][off]"))
        << "there is none yet";
    const QString folder = QStringLiteral("/.claude/projects/-workspace/");
    write(folder + QStringLiteral("11111111-2222-3333-4444-555555555555.jsonl"), "{}", 20);
    write(folder + QStringLiteral("aaaaaaaa-2222-3333-4444-555555555555.jsonl"), "{}", 10);
    write(folder + QStringLiteral("agent-a1.jsonl"), "{}", 0);
    EXPECT_EQ(run(plain),
              QStringLiteral("[--resume][aaaaaaaa-2222-3333-4444-555555555555]"
                             "[--dangerously-skip-permissions][--append-system-prompt-file][/p.md]"
                             "[--system-prompt-snapshot][off]"));
    EXPECT_EQ(run(headless),
              QStringLiteral("[--resume][aaaaaaaa-2222-3333-4444-555555555555]"
                             "[--dangerously-skip-permissions][-p][--output-format][stream-json]"
                             "[--verbose][a b][--][$HOME `x`]"));
}

TEST_F(ProviderClaude, BadRequestsAreNamed) {
    struct Row {
        const char* member;
        const char* json;
        const char* message;
    };
    const Row rows[] = {
        {"guest", "", "the request lacks \"guest\""},
        {"guest", "{}", "the request lacks \"home\""},
        {"guest", "{\"home\": 7}", "\"home\" must be a string that is not empty"},
        {"settings", "", "the request lacks \"settings\""},
        {"settings", "{\"auth_token\": 7}", "\"auth_token\" must be a string"},
        {"secret_shapes", "", "the request lacks \"secret_shapes\""},
        {"secret_shapes", "{}", "the request lacks \"MY_TOKEN\""},
    };
    for (const Row& row : rows) {
        QJsonObject object = request(QStringLiteral("sk-ant-oat01-"));
        object.remove(QLatin1String(row.member));
        if (*row.json != '\0') object.insert(QLatin1String(row.member), parse(row.json));
        const auto reply = provider_->provision(object);
        ASSERT_FALSE(reply) << row.message;
        EXPECT_EQ(reply.error().code, "invalid_request");
        EXPECT_EQ(reply.error().message, row.message);
    }
    EXPECT_EQ(provider_->command_line({}).error().message, "the request lacks \"arguments\"");
    EXPECT_EQ(provider_->command_line(parse(R"({"arguments": [1]})")).error().message,
              "\"arguments\" must be a list of strings");
    EXPECT_EQ(
        provider_->command_line(parse(R"({"arguments": [], "resume": "yes"})")).error().message,
        "\"resume\" must be true or false");
}

}  // namespace
}  // namespace botbottle
