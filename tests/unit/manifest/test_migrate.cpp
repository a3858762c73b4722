// Older files written anew: what is written is read again, and what has no new form is named.
#include <gtest/gtest.h>

#include "fixture.h"
#include "manifest/migrate.h"
#include "manifest/store.h"

namespace botbottle {
namespace {

Migration migrated(const std::string& yaml, const char* file = "old.md") {
    const bool json = std::string(file).find(".json") != std::string::npos;
    auto migration = migrate(QStringLiteral("old"), QString::fromLatin1(file),
                             json ? yaml : "---\n" + yaml + "\n---\nWhat it is for.\n");
    EXPECT_TRUE(migration) << (migration ? "" : migration.error().message);
    return migration.value_or(Migration{});
}

std::string frontmatter(const Migration& migration, qsizetype index = 0) {
    return migration.files.value(index).text.section(QStringLiteral("---\n"), 1, 1).toStdString();
}

TEST(Migrate, EachOlderKeyBecomesWhatReplacedIt) {
    struct Row {
        const char* name;
        const char* old;
        const char* written;
    };
    const Row rows[] = {
        {"git.user", "git: {user: {name: Ada}}", "git-gate:\n  user:\n    name: Ada\n"},
        {"git.remotes", "git: {remotes: {a: {url: x}}}",
         "git-gate:\n  repos:\n    a:\n      url: x\n"},
        {"git-gate.remotes", "git-gate: {remotes: {a: {url: x}}}",
         "git-gate:\n  repos:\n    a:\n      url: x\n"},
        {"egress.allowlist", "egress: {allowlist: [a.example, b.example]}",
         "egress:\n  routes:\n    - host: a.example\n    - host: b.example\n"},
        {"cred_proxy, a list", "cred_proxy: [{host: a.example, scheme: token, token_ref: T}]",
         "egress:\n  routes:\n    - host: a.example\n      auth:\n        scheme: token\n        "
         "token_ref: T\n"},
        {"cred_proxy, by host", "cred_proxy: {a.example: {token_ref: T}}",
         "egress:\n  routes:\n    - host: a.example\n      auth:\n        token_ref: T\n        "
         "scheme: Bearer\n"},
        {"both on one host",
         "egress: {allowlist: [a.example]}\ncred_proxy: {a.example: {token_ref: T}}",
         "egress:\n  routes:\n    - host: a.example\n      auth:\n        token_ref: T\n        "
         "scheme: Bearer\n"},
        {"ExtraHosts", "ExtraHosts: ['a.example:10.0.0.1']",
         "egress:\n  routes:\n    - host: a.example\n      ssrf_ip_allowlist:\n        - "
         "\"10.0.0.1\"\n"},
        {"what stays", "env: {PORT: '8080', A: 'yes'}\nextends: base",
         "env:\n  PORT: \"8080\"\n  A: \"yes\"\nextends: base\n"},
        {"nothing", "", ""},
    };
    for (const Row& row : rows)
        EXPECT_EQ(frontmatter(migrated(row.old)), row.written) << row.name;
}

TEST(Migrate, WhatIsWrittenIsRead) {
    const Migration migration = migrated(
        "egress: {allowlist: [a.example]}\ncred_proxy: {b.example: {token_ref: T}}\nenv: "
        "{A: \"x: 'y' # z\\n\\t\\u263a\"}");
    const auto bottle = test::bottle_of(frontmatter(migration));
    ASSERT_TRUE(bottle) << bottle.error().message;
    EXPECT_EQ(bottle->routes.size(), 2);
    EXPECT_EQ(bottle->env[0].text, QString::fromUtf8("x: 'y' # z\n\t☺"));
    EXPECT_TRUE(migration.files[0].text.endsWith(QStringLiteral("---\nWhat it is for.\n")));
}

TEST(Migrate, WhatHasNoNewFormIsNamed) {
    struct Row {
        const char* old;
        const char* note;
    };
    const Row rows[] = {
        {"runtime: docker",
         "old.md:2: runtime: left out; write \"backend: docker\" into settings.yaml"},
        {"env: {}\nssh: [{host: a}]",
         "old.md:3: ssh: left out; write each repo as git-gate.repos.<name> with \"url\", "
         "\"identity\" and \"host_key\""},
        {"git: [a]", "old.md:2: git: left out what has no new form"},
        {"egress: all", "old.md:2: egress: left out what has no new form"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(migrated(row.old).notes.value(0).toStdString(), row.note);
}

TEST(Migrate, ACredentialIsNeverWritten) {
    const std::string canary = "sk-ant-canary-value";
    const Migration migration = migrated("cred_proxy: {a.example: {token_ref: " + canary + "}}");
    EXPECT_EQ(frontmatter(migration), "egress:\n  routes:\n    - host: a.example\n");
    ASSERT_EQ(migration.notes.size(), 1);
    EXPECT_FALSE(migration.notes[0].contains(QString::fromStdString(canary)));
    EXPECT_TRUE(migration.notes[0].contains(QStringLiteral("token_ref")));
}

TEST(Migrate, TheSingleJsonFile) {
    const Migration migration = migrated(
        R"({"bottles": {"dev": {"egress": {"allowlist": ["a.example"]}}, "../x": {}},
 "agents": {"coder": {"bottle": "dev", "prompt": "You code."}}, "version": 1})",
        "bot-bottle.json");
    ASSERT_EQ(migration.files.size(), 2);
    EXPECT_EQ(migration.files[0].path, QStringLiteral("bottles/dev.md"));
    EXPECT_EQ(migration.files[1].path, QStringLiteral("agents/coder.md"));
    EXPECT_EQ(migration.files[1].text, QStringLiteral("---\nbottle: dev\n---\nYou code.\n"));
    EXPECT_EQ(migration.notes.size(), 2);
}

TEST(Migrate, WhatCannotBeReadIsRefused) {
    for (const char* text : {"- a", "a: &x 1", "a: 1\na: 2"}) {
        EXPECT_FALSE(migrate(QStringLiteral("old"), QStringLiteral("old.md"),
                             "---\n" + std::string(text) + "\n---\n"))
            << text;
    }
    EXPECT_FALSE(migrate(QStringLiteral("old"), QStringLiteral("bot-bottle.json"), "[1]"));
    EXPECT_FALSE(migrate(QStringLiteral("old"), QStringLiteral("old.md"), "no frontmatter"));
}

TEST(OlderFile, IsNamedWithWhatReplacedIt) {
    const test::Places places;
    const QString file = places.write(QStringLiteral("repository/bot-bottle.json"), "{}");
    auto store = ManifestStore::load(places.home(), places.repository());
    for (const Error& error :
         {store.agent(QStringLiteral("a")).error(), store.bottle(QStringLiteral("a")).error()}) {
        EXPECT_EQ(error.code, "manifest_invalid");
        EXPECT_EQ(error.message.rfind(file.toStdString() + ": replaced by", 0), 0U)
            << error.message;
        EXPECT_NE(error.hint.find("botbottle migrate"), std::string::npos);
    }
    // It means nothing beside what replaced it.
    places.write(QStringLiteral("repository/.bot-bottle/agents/b.md"), "---\nbottle: dev\n---\n");
    store = ManifestStore::load(places.home(), places.repository());
    EXPECT_EQ(store.agent(QStringLiteral("a")).error().code, "unknown_agent");
}

}  // namespace
}  // namespace botbottle
