// Where each value of a bottle comes from, through what it extends.
#include <gtest/gtest.h>

#include "cli/manifest_values.h"
#include "manifest/agent_reader.h"
#include "manifest/bottle_reader.h"

namespace botbottle::cli {
namespace {

BottleLayer layer(const char* name, const std::string& yaml) {
    const QString file = QString::fromLatin1(name) + QStringLiteral(".md");
    auto read = read_bottle(QString::fromLatin1(name), file, "---\n" + yaml + "---\n");
    EXPECT_TRUE(read) << read.error().message;
    return *read;
}

std::string lines(const QList<ManifestValue>& values) {
    QString text;
    for (const ManifestValue& value : values)
        text += QStringLiteral("%1 | %2 | %3\n").arg(value.key, value.value, value.from);
    return text.toStdString();
}

TEST(ManifestValues, DefaultsAreSaidToBeDefaults) {
    EXPECT_EQ(lines(values_of(*merge_bottle({layer("dev", "env: {}\n")}))),
              "agent_provider.template | claude | default\n"
              "supervise | false | default\n"
              "workspace.mode | copy | default\n");
}

TEST(ManifestValues, EachValueHasItsFileAndLine) {
    const BottleLayer base = layer("base",
                                   "env:\n"                                         // 2
                                   "  A: from the base\n"                           // 3
                                   "  TOKEN: ${HOST_TOKEN}\n"                       // 4
                                   "git-gate:\n"                                    // 5
                                   "  user: {name: Ada, email: ada@example.com}\n"  // 6
                                   "  repos:\n"                                     // 7
                                   "    lib:\n"                                     // 8
                                   "      url: ssh://git@h.example/lib\n"           // 9
                                   "      identity: ~/.ssh/id\n"                    // 10
                                   "resources:\n"                                   // 11
                                   "  cpus: 2\n"                                    // 12
                                   "  memory: 4G\n"                                 // 13
                                   "egress:\n"                                      // 14
                                   "  budget: {requests: 9, bytes: 10}\n"           // 15
                                   "  routes:\n"                                    // 16
                                   "    - host: old.example\n");                    // 17
    const BottleLayer dev = layer("dev",
                                  "extends: base\n"               // 2
                                  "agent_provider:\n"             // 3
                                  "  template: codex\n"           // 4
                                  "  dockerfile: ~/Dockerfile\n"  // 5
                                  "  words: [a, b]\n"             // 6
                                  "env:\n"                        // 7
                                  "  PIN: '? Your PIN'\n"         // 8
                                  "  A: from dev\n"               // 9
                                  "git-gate:\n"                   // 10
                                  "  user:\n"                     // 11
                                  "    email: dev@example.com\n"  // 12
                                  "workspace:\n"                  // 13
                                  "  exclude: ['*.o', build/]\n"  // 14
                                  "supervise: true\n"             // 15
                                  "egress:\n"                     // 16
                                  "  routes:\n"                   // 17
                                  "    - host: api.example\n"     // 18
                                  "      methods: [GET]\n"
                                  "      auth: {scheme: Bearer, token_ref: API_TOKEN}\n");
    EXPECT_EQ(lines(values_of(*merge_bottle({base, dev}))),
              "agent_provider.template | codex | dev.md:4\n"
              "agent_provider.dockerfile | ~/Dockerfile | dev.md:5\n"
              "agent_provider.words | [\"a\",\"b\"] | dev.md:6\n"
              "env.A | from dev | dev.md:9\n"
              "env.TOKEN | secret, from $HOST_TOKEN | base.md:4\n"
              "env.PIN | secret, asked for | dev.md:8\n"
              "git-gate.user.name | Ada | base.md:6\n"
              "git-gate.user.email | dev@example.com | dev.md:12\n"
              "git-gate.repos.lib | ssh://git@h.example/lib with ~/.ssh/id (no host_key: it can be "
              "neither fetched nor pushed) | base.md:8\n"
              "egress.routes | api.example:443 GET [Bearer from $API_TOKEN] | dev.md:18\n"
              "supervise | true | dev.md:15\n"
              "resources.cpus | 2 | base.md:12\n"
              "resources.memory | 4G | base.md:13\n"
              "workspace.mode | copy | default\n"
              "workspace.exclude | *.o, build/ | dev.md:14\n");
}

TEST(ManifestValues, OfAnAgent) {
    const auto agent = read_agent(QStringLiteral("coder"), QStringLiteral("coder.md"),
                                  "---\nbottle: dev\nskills: [pdf, xls]\n"
                                  "git-gate:\n  user: {name: Eve}\n---\nBe good.\n");
    ASSERT_TRUE(agent);
    EXPECT_EQ(lines(values_of(*agent)),
              "bottle | dev | coder.md:2\n"
              "skills | pdf, xls | coder.md:3\n"
              "git-gate.user.name | Eve | coder.md:5\n");
}

}  // namespace
}  // namespace botbottle::cli
