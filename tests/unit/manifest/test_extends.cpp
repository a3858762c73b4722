// `extends`: what is merged, what is replaced, and the chains that are refused.
#include <gtest/gtest.h>

#include "fixture.h"
#include "manifest/store.h"

namespace botbottle {
namespace {

class Extends : public ::testing::Test {
  protected:
    void bottle(const char* name, const std::string& yaml) const {
        places_.write(QStringLiteral("home/bottles/%1.md").arg(QString::fromLatin1(name)),
                      "---\n" + yaml + "\n---\n");
    }
    Result<BottleManifest> resolve(const char* name) const {
        return ManifestStore::load(places_.home(), {}).bottle(QString::fromLatin1(name));
    }
    std::string file(const char* name) const {
        return (places_.home() + QStringLiteral("/bottles/%1.md").arg(QString::fromLatin1(name)))
            .toStdString();
    }

    test::Places places_;
};

TEST_F(Extends, EnvIsMergedAndTheChildWins) {
    bottle("base", "env: {A: base, B: base}");
    bottle("child", "extends: base\nenv: {B: child, C: child}");
    const auto merged = resolve("child");
    ASSERT_TRUE(merged) << merged.error().message;
    ASSERT_EQ(merged->env.size(), 3);
    EXPECT_EQ(merged->env[0].text, QStringLiteral("base"));
    EXPECT_EQ(merged->env[1].name, QStringLiteral("B"));
    EXPECT_EQ(merged->env[1].text, QStringLiteral("child"));
    EXPECT_TRUE(merged->env[1].where.file.endsWith(QStringLiteral("child.md")));
    EXPECT_EQ(merged->env[2].text, QStringLiteral("child"));
    EXPECT_EQ(merged->chain, QStringList({QStringLiteral("base"), QStringLiteral("child")}));
    EXPECT_EQ(merged->name, QStringLiteral("child"));
}

TEST_F(Extends, IdentityIsMergedFieldByField) {
    bottle("base", "git-gate: {user: {name: Base, email: base@example.com}}");
    bottle("child", "extends: base\ngit-gate: {user: {name: Child}}");
    const auto merged = resolve("child");
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->git_identity.name, QStringLiteral("Child"));
    EXPECT_EQ(merged->git_identity.email, QStringLiteral("base@example.com"));
}

TEST_F(Extends, OtherSectionsAreReplacedAsAWhole) {
    bottle("base",
           "egress: {routes: [{host: a.example}, {host: b.example}]}\nagent_provider: {template: "
           "codex, x: y}\n"
           "resources: {cpus: 2, memory: 1G}\nworkspace: {mode: none}");
    bottle("keeps", "extends: base");
    bottle("replaces",
           "extends: base\negress: {routes: [{host: c.example}]}\nagent_provider: {}\nresources: "
           "{pids: 5}\n"
           "workspace: {exclude: [x]}");
    bottle("clears", "extends: base\negress: {}");

    const auto keeps = resolve("keeps");
    ASSERT_TRUE(keeps);
    EXPECT_EQ(keeps->routes.size(), 2);
    EXPECT_EQ(keeps->provider.id, QStringLiteral("codex"));
    EXPECT_EQ(keeps->resources.cpus, 2.0);
    EXPECT_EQ(keeps->workspace.mode, WorkspaceManifest::Mode::None);

    const auto replaces = resolve("replaces");
    ASSERT_TRUE(replaces) << replaces.error().message;
    ASSERT_EQ(replaces->routes.size(), 1);
    EXPECT_EQ(replaces->routes[0].host, QStringLiteral("c.example"));
    EXPECT_EQ(replaces->provider.id, QStringLiteral("claude"));
    EXPECT_TRUE(replaces->provider.settings.isEmpty());
    EXPECT_FALSE(replaces->resources.cpus);
    EXPECT_EQ(replaces->workspace.mode, WorkspaceManifest::Mode::Copy);

    const auto clears = resolve("clears");
    ASSERT_TRUE(clears);
    EXPECT_TRUE(clears->routes.isEmpty());
    EXPECT_EQ(clears->provider.id, QStringLiteral("codex"));
}

TEST_F(Extends, AChainIsResolvedFromItsRoot) {
    bottle("one", "env: {A: '1', B: '1', C: '1'}");
    bottle("two", "extends: one\nenv: {B: '2', C: '2'}");
    bottle("three", "extends: two\nenv: {C: '3'}");
    const auto merged = resolve("three");
    ASSERT_TRUE(merged);
    QStringList values;
    for (const EnvEntry& entry : merged->env)
        values += entry.text;
    EXPECT_EQ(values.join(QString()), QStringLiteral("123"));
}

TEST_F(Extends, SelfReference) {
    bottle("dev", "env: {}\nextends: dev");
    const auto merged = resolve("dev");
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().code, "extends_cycle");
    EXPECT_EQ(merged.error().message,
              file("dev") + ":3: extends: a bottle cannot extend itself: dev → dev");
}

TEST_F(Extends, CycleShowsTheChain) {
    bottle("start", "extends: a");
    bottle("a", "extends: b");
    bottle("b", "extends: c");
    bottle("c", "extends: a");
    const auto merged = resolve("start");
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().message,
              file("c") + ":2: extends: a bottle cannot extend itself: a → b → c → a");
}

TEST_F(Extends, MissingParentListsTheBottles) {
    bottle("base", "env: {}");
    bottle("child", "extends: bsae");
    const auto merged = resolve("child");
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().code, "unknown_bottle");
    EXPECT_EQ(merged.error().message,
              file("child") + ":2: extends: there is no bottle \"bsae\"; did you mean \"base\"?");
    EXPECT_NE(merged.error().hint.find("known: base, child"), std::string::npos);
}

TEST_F(Extends, ABrokenParentIsNamed) {
    bottle("base", "env: []");
    bottle("child", "extends: base");
    const auto merged = resolve("child");
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().message,
              file("base") + ":2: env: found a list, expected a mapping (\"key: value\")");
}

}  // namespace
}  // namespace botbottle
