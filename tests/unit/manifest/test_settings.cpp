// settings.yaml, the variables over it, the flags over both, and where each value came from.
#include <gtest/gtest.h>

#include <QJsonDocument>
#include <map>

#include "fixture.h"
#include "manifest/settings.h"

namespace botbottle {
namespace {

class SettingsFile : public ::testing::Test {
  protected:
    Result<Settings> load(const SettingFlags& flags = {}) const {
        return load_settings(places_.home(), flags, [this](const char* name) -> const char* {
            const auto found = variables_.find(name);
            return found == variables_.end() ? nullptr : found->second.c_str();
        });
    }
    void write(const std::string& yaml) const {
        places_.write(QStringLiteral("home/settings.yaml"), yaml);
    }
    std::string file() const { return places_.home().toStdString() + "/settings.yaml"; }

    test::Places places_;
    std::map<std::string, std::string> variables_;
};

TEST_F(SettingsFile, Defaults) {
    for (const char* yaml : {"", "# nothing\n", "{}"}) {
        write(yaml);
        const auto settings = load();
        ASSERT_TRUE(settings) << settings.error().message;
        EXPECT_EQ(settings->backend.value, QStringLiteral("auto"));
        EXPECT_EQ(settings->backend.origin, SettingOrigin::Default);
        EXPECT_EQ(settings->backend.source, QStringLiteral("default"));
        EXPECT_FALSE(settings->upstream_proxy.value);
        EXPECT_TRUE(settings->upstream_ca.value.isEmpty());
        EXPECT_FALSE(settings->plugins_allow.value);
    }
}

TEST_F(SettingsFile, NoFileIsNoError) {
    EXPECT_TRUE(load());
}

TEST_F(SettingsFile, EveryKey) {
    write(
        "backend: bubblewrap\negress:\n  upstream_proxy: http://Proxy.Example:3128\n  upstream_ca: "
        "/etc/ca.pem\n"
        "  scan_rules: /etc/rules.txt\n  canaries: [ONE, TWO]\n"
        "plugins:\n  allow: [claude, bubblewrap]\n");
    const auto settings = load();
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->backend.value, QStringLiteral("bubblewrap"));
    EXPECT_EQ(settings->backend.origin, SettingOrigin::File);
    EXPECT_EQ(settings->backend.source.toStdString(), file() + ":1");
    ASSERT_TRUE(settings->upstream_proxy.value);
    EXPECT_EQ(settings->upstream_proxy.value->host, QStringLiteral("proxy.example"));
    EXPECT_EQ(settings->upstream_proxy.value->port, 3128);
    EXPECT_EQ(settings->upstream_proxy.source.toStdString(), file() + ":3");
    EXPECT_EQ(settings->upstream_ca.value, QStringLiteral("/etc/ca.pem"));
    EXPECT_EQ(settings->scan_rules.value, QStringLiteral("/etc/rules.txt"));
    EXPECT_EQ(settings->canaries.value,
              QStringList({QStringLiteral("ONE"), QStringLiteral("TWO")}));
    EXPECT_EQ(settings->plugins_allow.value,
              QStringList({QStringLiteral("claude"), QStringLiteral("bubblewrap")}));
}

TEST_F(SettingsFile, ProxyWithCredentials) {
    write(
        "egress:\n  upstream_proxy:\n    url: http://[2001:db8::1]:8080/\n    username: ada\n    "
        "password_ref: PROXY_PW\n");
    const auto settings = load();
    ASSERT_TRUE(settings) << settings.error().message;
    const auto& proxy = *settings->upstream_proxy.value;
    EXPECT_EQ(proxy.host, QStringLiteral("[2001:db8::1]"));
    EXPECT_EQ(proxy.port, 8080);
    EXPECT_EQ(proxy.username, QStringLiteral("ada"));
    EXPECT_EQ(proxy.password_ref, QStringLiteral("PROXY_PW"));
}

TEST_F(SettingsFile, FlagOverVariableOverFileOverDefault) {
    write("backend: from-file\n");
    EXPECT_EQ(load()->backend.value, QStringLiteral("from-file"));
    variables_["BOT_BOTTLE_BACKEND"] = "from-variable";
    auto settings = load();
    EXPECT_EQ(settings->backend.value, QStringLiteral("from-variable"));
    EXPECT_EQ(settings->backend.origin, SettingOrigin::Variable);
    EXPECT_EQ(settings->backend.source, QStringLiteral("BOT_BOTTLE_BACKEND"));
    settings = load({QStringLiteral("from-flag")});
    EXPECT_EQ(settings->backend.value, QStringLiteral("from-flag"));
    EXPECT_EQ(settings->backend.origin, SettingOrigin::Flag);
    EXPECT_EQ(settings->backend.source, QStringLiteral("--backend"));
    variables_["BOT_BOTTLE_BACKEND"] = "";  // empty is as good as not set
    EXPECT_EQ(load()->backend.value, QStringLiteral("from-file"));
}

TEST_F(SettingsFile, EveryKeyHasAVariable) {
    variables_ = {{"BOT_BOTTLE_EGRESS_UPSTREAM_PROXY", "http://p.example:1"},
                  {"BOT_BOTTLE_EGRESS_UPSTREAM_CA", "/ca.pem"},
                  {"BOT_BOTTLE_PLUGINS_ALLOW", "a,b"}};
    const auto settings = load();
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->upstream_proxy.value->port, 1);
    EXPECT_EQ(settings->upstream_ca.value, QStringLiteral("/ca.pem"));
    EXPECT_EQ(settings->plugins_allow.value,
              QStringList({QStringLiteral("a"), QStringLiteral("b")}));
}

TEST_F(SettingsFile, Mistakes) {
    const test::Mistake rows[] = {
        {"list", "- a", ":1: found a list, expected a mapping (\"key: value\")"},
        {"unknown", "backened: x", ":1: unknown key \"backened\"; did you mean \"backend\"?"},
        {"backend number", "backend: 7",
         ":1: backend: found the number 7, expected a string: write \"7\""},
        {"backend path", "backend: ./x",
         ":1: backend: found \"./x\", expected \"auto\" or the id of a backend plugin"},
        {"egress word", "egress: x",
         ":1: egress: found the string \"x\", expected a mapping (\"key: value\")"},
        {"egress unknown", "egress:\n  proxy: x",
         ":2: egress: unknown key \"proxy\"; allowed: upstream_proxy, upstream_ca, scan_rules or "
         "canaries"},
        {"proxy number", "egress:\n  upstream_proxy: 3128",
         ":2: egress.upstream_proxy: found the number 3128, expected a string: write \"3128\""},
        {"proxy https", "egress:\n  upstream_proxy: https://p.example:1",
         ":2: egress.upstream_proxy: found \"https://p.example:1\", expected http://HOST:PORT"},
        {"proxy socks", "egress:\n  upstream_proxy: socks5://p.example:1",
         ":2: egress.upstream_proxy: found \"socks5://p.example:1\", expected http://HOST:PORT"},
        {"proxy without port", "egress:\n  upstream_proxy: http://p.example",
         ":2: egress.upstream_proxy: found \"http://p.example\", expected http://HOST:PORT"},
        {"proxy with path", "egress:\n  upstream_proxy: http://p.example:1/x",
         ":2: egress.upstream_proxy: found \"http://p.example:1/x\", expected http://HOST:PORT"},
        {"proxy without scheme", "egress:\n  upstream_proxy: p.example:3128",
         ":2: egress.upstream_proxy: found \"p.example:3128\", expected http://HOST:PORT"},
        {"proxy with password", "egress:\n  upstream_proxy: http://u:canary@p.example:1",
         ":2: egress.upstream_proxy: the URL holds a password: give a mapping with \"url\", "
         "\"username\" and "
         "\"password_ref\" (a host variable's name)"},
        {"proxy mapping without url", "egress:\n  upstream_proxy: {username: a, password_ref: P}",
         ":2: egress.upstream_proxy.url: missing: http://HOST:PORT"},
        {"proxy mapping unknown", "egress:\n  upstream_proxy: {url: 'http://p:1', password: x}",
         ":2: egress.upstream_proxy: unknown key \"password\"; allowed: url, username or "
         "password_ref"},
        {"proxy username alone", "egress:\n  upstream_proxy: {url: 'http://p:1', username: a}",
         ":2: egress.upstream_proxy.password_ref: \"username\" and \"password_ref\" go together"},
        {"proxy two names",
         "egress:\n  upstream_proxy: {url: 'http://a@p:1', username: b, password_ref: P}",
         ":2: egress.upstream_proxy.username: the URL has a user name already: keep one"},
        {"proxy password",
         "egress:\n  upstream_proxy: {url: 'http://p:1', username: a, password_ref: hunter-2}",
         ":2: egress.upstream_proxy.password_ref: not the name of an environment variable; write "
         "the variable's "
         "name, never the password itself"},
        {"proxy colon",
         "egress:\n  upstream_proxy: {url: 'http://p:1', username: 'a:b', password_ref: P}",
         ":2: egress.upstream_proxy.username: a user name holds no colon and no control character "
         "(RFC 7617)"},
        {"rules relative", "egress:\n  scan_rules: rules.txt",
         ":2: egress.scan_rules: found \"rules.txt\", expected an absolute path of a file with "
         "rules"},
        {"a canary's value", "egress:\n  canaries: [CANARY, canary-55e1]",
         ":2: egress.canaries: entry 2 is no name of a host variable: name the variables that hold "
         "the values, never the values"},
        {"ca relative", "egress:\n  upstream_ca: ca.pem",
         ":2: egress.upstream_ca: found \"ca.pem\", expected an absolute path of a PEM file"},
        {"allow word", "plugins:\n  allow: claude",
         ":2: plugins.allow: found the string \"claude\", expected a list"},
        {"allow path", "plugins:\n  allow: [../x]",
         ":2: plugins.allow: found \"../x\", expected the id of a plugin"},
        {"days zero", "audit:\n  retention_days: 0",
         ":2: audit.retention_days: found the number 0, expected an integer from 1 to 36500"},
        {"days word", "audit:\n  retention_days: month",
         ":2: audit.retention_days: found the string \"month\", expected an integer from 1 to "
         "36500"},
        {"audit word", "audit: x",
         ":1: audit: found the string \"x\", expected a mapping (\"key: value\")"},
        {"duplicate", "backend: a\nbackend: b",
         ":2: the key \"backend\" stands twice; the first is in line 1"},
    };
    for (const test::Mistake& row : rows) {
        write(row.yaml);
        const auto settings = load();
        ASSERT_FALSE(settings) << row.name;
        EXPECT_EQ(settings.error().code, "settings_invalid") << row.name;
        EXPECT_TRUE(test::has_line(settings.error(), file() + row.error))
            << row.name << "\n"
            << settings.error().message;
        EXPECT_EQ(settings.error().message.find("canary"), std::string::npos);
    }
}

TEST_F(SettingsFile, WrongVariablesAndFlagsAreNamed) {
    variables_["BOT_BOTTLE_EGRESS_UPSTREAM_CA"] = "ca.pem";
    const auto settings = load({QStringLiteral("no such id")});
    ASSERT_FALSE(settings);
    EXPECT_TRUE(test::has_line(
        settings.error(),
        "command line and environment: BOT_BOTTLE_EGRESS_UPSTREAM_CA: found \"ca.pem\", "
        "expected an absolute path of a PEM file"))
        << settings.error().message;
    EXPECT_TRUE(test::has_line(
        settings.error(),
        "command line and environment: --backend: found \"no such id\", expected \"auto\" "
        "or the id of a backend plugin"))
        << settings.error().message;
}

TEST_F(SettingsFile, JsonSaysWhereEachValueCameFrom) {
    write("backend: bubblewrap\n");
    variables_["BOT_BOTTLE_PLUGINS_ALLOW"] = "claude";
    const auto settings = load();
    ASSERT_TRUE(settings);
    const QJsonObject json = settings_to_json(*settings);
    EXPECT_EQ(json.size(), 7);
    const auto entry = [&](const char* key) { return json.value(QLatin1String(key)).toObject(); };
    EXPECT_EQ(entry("backend").value(QStringLiteral("value")),
              QJsonValue(QStringLiteral("bubblewrap")));
    EXPECT_EQ(entry("backend").value(QStringLiteral("origin")), QJsonValue(QStringLiteral("file")));
    EXPECT_EQ(entry("plugins.allow").value(QStringLiteral("origin")),
              QJsonValue(QStringLiteral("variable")));
    EXPECT_EQ(entry("plugins.allow").value(QStringLiteral("source")),
              QJsonValue(QStringLiteral("BOT_BOTTLE_PLUGINS_ALLOW")));
    EXPECT_TRUE(entry("egress.upstream_proxy").value(QStringLiteral("value")).isNull());
    EXPECT_EQ(entry("egress.upstream_ca").value(QStringLiteral("origin")),
              QJsonValue(QStringLiteral("default")));
}

}  // namespace
}  // namespace botbottle
