// Every key of a bottle but its routes: what it means, and each way to get it wrong.
#include <gtest/gtest.h>

#include "fixture.h"

namespace botbottle {
namespace {

using test::bottle_of;

TEST(Bottle, EmptyMeansDefaults) {
    for (const char* yaml :
         {"", "supervise: false", "env: {}", "egress: {}", "egress:\n  routes: []"}) {
        const auto bottle = bottle_of(yaml);
        ASSERT_TRUE(bottle) << yaml << bottle.error().message;
        EXPECT_EQ(bottle->name, QStringLiteral("dev"));
        EXPECT_EQ(bottle->provider.id, QStringLiteral("claude"));
        EXPECT_TRUE(bottle->routes.isEmpty());
        EXPECT_TRUE(bottle->env.isEmpty());
        EXPECT_TRUE(bottle->git_identity.empty());
        EXPECT_FALSE(bottle->resources.memory_bytes);
        EXPECT_EQ(bottle->workspace.mode, WorkspaceManifest::Mode::Copy);
    }
}

TEST(Bottle, EnvHasThreeForms) {
    struct Row {
        const char* value;
        EnvEntry::Kind kind;
        const char* text;
    };
    const Row rows[] = {
        {"plain", EnvEntry::Kind::Literal, "plain"},
        {"''", EnvEntry::Kind::Literal, ""},
        {"yes", EnvEntry::Kind::Literal, "yes"},
        {"'8080'", EnvEntry::Kind::Literal, "8080"},
        {"${HOST_VAR}", EnvEntry::Kind::HostVariable, "HOST_VAR"},
        {"'${HOST_VAR}'", EnvEntry::Kind::HostVariable, "HOST_VAR"},
        {"x${HOST_VAR}", EnvEntry::Kind::Literal, "x${HOST_VAR}"},
        {"${A}${B}", EnvEntry::Kind::Literal, "${A}${B}"},
        {"${not-a-name}", EnvEntry::Kind::Literal, "${not-a-name}"},
        {"$HOST_VAR", EnvEntry::Kind::Literal, "$HOST_VAR"},
        {"'${A}\n'", EnvEntry::Kind::Literal, "${A} "},  // YAML folds the line break
        {"'?Your PIN'", EnvEntry::Kind::Prompt, "Your PIN"},
        {"'? Your PIN '", EnvEntry::Kind::Prompt, "Your PIN"},
        {"'?'", EnvEntry::Kind::Prompt, ""},
    };
    for (const Row& row : rows) {
        const auto bottle = bottle_of(std::string("env:\n  NAME: ") + row.value);
        ASSERT_TRUE(bottle) << row.value << ": " << bottle.error().message;
        ASSERT_EQ(bottle->env.size(), 1) << row.value;
        EXPECT_EQ(bottle->env[0].name, QStringLiteral("NAME"));
        EXPECT_EQ(bottle->env[0].kind, row.kind) << row.value;
        EXPECT_EQ(bottle->env[0].text, QString::fromLatin1(row.text)) << row.value;
        EXPECT_EQ(bottle->env[0].where.line, 3);
    }
}

TEST(Bottle, ProviderKeysAreKeptForTheProvider) {
    const auto bottle = bottle_of(
        "agent_provider:\n  template: codex\n  forward_host_credentials: true\n  n: 3\n  list: [a, "
        "b]\n  s: x");
    ASSERT_TRUE(bottle) << bottle.error().message;
    EXPECT_EQ(bottle->provider.id, QStringLiteral("codex"));
    ASSERT_EQ(bottle->provider.settings.size(), 4);
    EXPECT_EQ(bottle->provider.settings[0].key, QStringLiteral("forward_host_credentials"));
    EXPECT_EQ(bottle->provider.settings[0].value, QJsonValue(true));
    EXPECT_EQ(bottle->provider.settings[0].where.line, 4);
    EXPECT_EQ(bottle->provider.settings[1].value, QJsonValue(3));
    EXPECT_TRUE(bottle->provider.settings[2].value.isArray());
    EXPECT_EQ(bottle->provider.settings[3].value, QJsonValue(QStringLiteral("x")));
}

TEST(Bottle, Resources) {
    struct Row {
        const char* yaml;
        qint64 bytes;
    };
    const Row rows[] = {{"1", 1},
                        {"1048576", 1048576},
                        {"4K", 4096},
                        {"512M", 512 << 20},
                        {"4G", qint64{4} << 30},
                        {"2T", qint64{2} << 40}};
    for (const Row& row : rows) {
        const auto bottle =
            bottle_of(std::string("resources:\n  memory: ") + row.yaml + "\n  disk: " + row.yaml);
        ASSERT_TRUE(bottle) << row.yaml << bottle.error().message;
        EXPECT_EQ(bottle->resources.memory_bytes, row.bytes) << row.yaml;
        EXPECT_EQ(bottle->resources.disk_bytes, row.bytes) << row.yaml;
    }
    const auto bottle = bottle_of("resources: {cpus: 1.5, pids: 256}");
    ASSERT_TRUE(bottle) << bottle.error().message;
    EXPECT_EQ(bottle->resources.cpus, 1.5);
    EXPECT_EQ(bottle->resources.pids, 256);
    EXPECT_EQ(bottle_of("resources: {cpus: 2}")->resources.cpus, 2.0);
}

TEST(Bottle, WorkspaceAndIdentity) {
    auto bottle = bottle_of("workspace:\n  mode: none");
    ASSERT_TRUE(bottle);
    EXPECT_EQ(bottle->workspace.mode, WorkspaceManifest::Mode::None);
    bottle = bottle_of("workspace:\n  mode: copy\n  exclude: [node_modules/, '*.iso']");
    ASSERT_TRUE(bottle);
    EXPECT_EQ(bottle->workspace.exclude,
              QStringList({QStringLiteral("node_modules/"), QStringLiteral("*.iso")}));
    bottle = bottle_of("git-gate:\n  user: {name: Ada, email: ada@example.com}");
    ASSERT_TRUE(bottle);
    EXPECT_EQ(bottle->git_identity.name, QStringLiteral("Ada"));
    EXPECT_EQ(bottle->git_identity.email, QStringLiteral("ada@example.com"));
    EXPECT_TRUE(bottle_of("git-gate:\n  user: {email: ada@example.com}"));
}

TEST(Bottle, Mistakes) {
    const test::Mistake rows[] = {
        // The file as a whole.
        {"a list", "- a", "dev.md:2: found a list, expected a mapping (\"key: value\")"},
        {"a word", "word",
         "dev.md:2: found the string \"word\", expected a mapping (\"key: value\")"},
        {"unknown key", "colour: red",
         "dev.md:2: unknown key \"colour\"; allowed: env, extends, agent_provider, git-gate, "
         "egress, resources, "
         "workspace or supervise"},
        {"near miss", "egres: {}", "dev.md:2: unknown key \"egres\"; did you mean \"egress\"?"},
        {"near miss of a dash", "git_gate: {}",
         "dev.md:2: unknown key \"git_gate\"; did you mean \"git-gate\"?"},
        {"escape in a key", "\"a\\e[2Jb\": 1",
         "dev.md:2: unknown key \"a\\u001b[2Jb\"; allowed: env, extends, agent_provider, git-gate, "
         "egress, "
         "resources, workspace or supervise"},
        // Older shapes name what replaced them.
        {"git", "git: {}", "dev.md:2: git: replaced by \"git-gate\""},
        {"cred_proxy", "cred_proxy: {}",
         "dev.md:2: cred_proxy: replaced by \"egress.routes[].auth\""},
        {"ssh", "ssh: {}", "dev.md:2: ssh: replaced by \"git-gate.repos\""},
        {"runtime", "runtime: docker",
         "dev.md:2: runtime: replaced by \"backend\" in settings.yaml, or the flag --backend"},
        {"ExtraHosts", "ExtraHosts: []",
         "dev.md:2: ExtraHosts: replaced by \"egress.routes[].ssrf_ip_allowlist\""},
        {"allowlist", "egress:\n  allowlist: [a]",
         "dev.md:3: egress.allowlist: replaced by \"egress.routes\": one entry with \"host\" for "
         "each name"},
        {"remotes", "git-gate:\n  remotes: {}",
         "dev.md:3: git-gate.remotes: replaced by \"git-gate.repos\""},
        // Types.
        {"supervise: yes", "supervise: yes",
         "dev.md:2: supervise: found the string \"yes\", expected true or false"},
        {"supervise: 1", "supervise: 1",
         "dev.md:2: supervise: found the number 1, expected true or false"},
        {"supervise: null",
         "supervise:", "dev.md:2: supervise: found nothing, expected true or false"},
        {"env list", "env: [A]",
         "dev.md:2: env: found a list, expected a mapping (\"key: value\")"},
        {"env nothing",
         "env:", "dev.md:2: env: found nothing, expected a mapping (\"key: value\")"},
        {"env word", "env: A",
         "dev.md:2: env: found the string \"A\", expected a mapping (\"key: value\")"},
        {"env number", "env:\n  PORT: 8080",
         "dev.md:3: env.PORT: found the number 8080, expected a string: write \"8080\""},
        {"env float", "env:\n  V: 1.10",
         "dev.md:3: env.V: found the number 1.10, expected a string: write \"1.10\""},
        {"env bool", "env:\n  CI: true",
         "dev.md:3: env.CI: found the boolean true, expected a string: write \"true\""},
        {"env null", "env:\n  A:", "dev.md:3: env.A: found nothing, expected a string"},
        {"env mapping", "env:\n  A: {b: c}", "dev.md:3: env.A: found a mapping, expected a string"},
        {"env bad name", "env:\n  MY-VAR: x",
         "dev.md:3: env: \"MY-VAR\" is not a variable name: letters, digits and \"_\", not "
         "starting with a digit"},
        {"env digit", "env:\n  1A: x",
         "dev.md:3: env: \"1A\" is not a variable name: letters, digits and \"_\", not starting "
         "with a digit"},
        {"env equals", "env:\n  'A=B': x",
         "dev.md:3: env: \"A=B\" is not a variable name: letters, digits and \"_\", not starting "
         "with a digit"},
        {"env prompt of two lines", "env:\n  A: \"?one\\ntwo\"",
         "dev.md:3: env.A: a prompt is one line without control characters"},
        {"extends list", "extends: [a]", "dev.md:2: extends: found a list, expected a string"},
        {"extends number", "extends: 7",
         "dev.md:2: extends: found the number 7, expected a string: write \"7\""},
        {"extends path", "extends: ../other",
         "dev.md:2: extends: found \"../other\", expected the name of a bottle ([a-z][a-z0-9-]*)"},
        {"extends file", "extends: base.md",
         "dev.md:2: extends: found \"base.md\", expected the name of a bottle ([a-z][a-z0-9-]*)"},
        {"provider word", "agent_provider: claude",
         "dev.md:2: agent_provider: found the string \"claude\", expected a mapping (\"key: "
         "value\")"},
        {"template bool", "agent_provider:\n  template: true",
         "dev.md:3: agent_provider.template: found the boolean true, expected a string: write "
         "\"true\""},
        {"template path", "agent_provider:\n  template: ../x",
         "dev.md:3: agent_provider.template: found \"../x\", expected the id of a provider plugin "
         "([a-z][a-z0-9-]*)"},
        {"git-gate list", "git-gate: []",
         "dev.md:2: git-gate: found a list, expected a mapping (\"key: value\")"},
        {"git-gate unknown", "git-gate:\n  usr: {}",
         "dev.md:3: git-gate: unknown key \"usr\"; did you mean \"user\"?"},
        {"user word", "git-gate:\n  user: Ada",
         "dev.md:3: git-gate.user: found the string \"Ada\", expected a mapping (\"key: value\")"},
        {"user empty", "git-gate:\n  user: {}",
         "dev.md:3: git-gate.user: neither name nor email is set: leave the key out"},
        {"user both empty", "git-gate:\n  user: {name: '', email: ''}",
         "dev.md:3: git-gate.user: neither name nor email is set: leave the key out"},
        {"user unknown", "git-gate:\n  user: {nmae: x, email: y}",
         "dev.md:3: git-gate.user: unknown key \"nmae\"; did you mean \"name\"?"},
        {"user number", "git-gate:\n  user: {name: 7}",
         "dev.md:3: git-gate.user.name: found the number 7, expected a string: write \"7\""},
        {"user line break", "git-gate:\n  user: {name: \"a\\n[core]\"}",
         "dev.md:3: git-gate.user.name: found \"a\\u000a[core]\": \"<\", \">\" and control "
         "characters are not "
         "allowed in a commit identity"},
        {"user bracket", "git-gate:\n  user: {email: \"a> <b\"}",
         "dev.md:3: git-gate.user.email: found \"a> <b\": \"<\", \">\" and control characters are "
         "not allowed in a "
         "commit identity"},
        {"egress list", "egress: []",
         "dev.md:2: egress: found a list, expected a mapping (\"key: value\")"},
        {"egress unknown", "egress:\n  route: []",
         "dev.md:3: egress: unknown key \"route\"; did you mean \"routes\"?"},
        {"routes mapping", "egress:\n  routes: {a: b}",
         "dev.md:3: egress.routes: found a mapping, expected a list"},
        {"resources word", "resources: big",
         "dev.md:2: resources: found the string \"big\", expected a mapping (\"key: value\")"},
        {"resources unknown", "resources: {ram: 1G}",
         "dev.md:2: resources: unknown key \"ram\"; allowed: cpus, memory, pids or disk"},
        {"cpus word", "resources: {cpus: two}",
         "dev.md:2: resources.cpus: found the string \"two\", expected a number of processors "
         "above 0, such as 1.5"},
        {"cpus zero", "resources: {cpus: 0}",
         "dev.md:2: resources.cpus: found the number 0, expected a number of processors above 0, "
         "such as 1.5"},
        {"cpus negative", "resources: {cpus: -1}",
         "dev.md:2: resources.cpus: found the number -1, expected a number of processors above 0, "
         "such as 1.5"},
        {"cpus nan", "resources: {cpus: .nan}",
         "dev.md:2: resources.cpus: found the number .nan, expected a number of processors above "
         "0, such as 1.5"},
        {"cpus inf", "resources: {cpus: .inf}",
         "dev.md:2: resources.cpus: found the number .inf, expected a number of processors above "
         "0, such as 1.5"},
        {"memory unit", "resources: {memory: 4GB}",
         "dev.md:2: resources.memory: found the string \"4GB\", expected a size such as 512M or "
         "4G, or a number of "
         "bytes"},
        {"memory lower", "resources: {memory: 4g}",
         "dev.md:2: resources.memory: found the string \"4g\", expected a size such as 512M or 4G, "
         "or a number of "
         "bytes"},
        {"memory zero", "resources: {memory: 0}",
         "dev.md:2: resources.memory: found the number 0, expected a size such as 512M or 4G, or a "
         "number of bytes"},
        {"memory float", "resources: {memory: 1.5}",
         "dev.md:2: resources.memory: found the number 1.5, expected a size such as 512M or 4G, or "
         "a number of "
         "bytes"},
        {"memory beyond 64 bits", "resources: {memory: 99999999999999999999}",
         "dev.md:2: resources.memory: found the number 99999999999999999999, expected a size such "
         "as 512M or 4G, "
         "or a number of bytes"},
        {"disk bool", "resources: {disk: true}",
         "dev.md:2: resources.disk: found the boolean true, expected a size such as 512M or 4G, or "
         "a number of "
         "bytes"},
        {"pids zero", "resources: {pids: 0}",
         "dev.md:2: resources.pids: found the number 0, expected an integer from 1 to 4194304"},
        {"pids word", "resources: {pids: many}",
         "dev.md:2: resources.pids: found the string \"many\", expected an integer from 1 to "
         "4194304"},
        {"workspace list", "workspace: []",
         "dev.md:2: workspace: found a list, expected a mapping (\"key: value\")"},
        {"workspace unknown", "workspace: {excludes: []}",
         "dev.md:2: workspace: unknown key \"excludes\"; did you mean \"exclude\"?"},
        {"mode", "workspace: {mode: mount}",
         "dev.md:2: workspace.mode: found \"mount\", expected copy or none"},
        {"mode list", "workspace: {mode: [copy]}",
         "dev.md:2: workspace.mode: found a list, expected a string"},
        {"exclude word", "workspace: {exclude: node_modules}",
         "dev.md:2: workspace.exclude: found the string \"node_modules\", expected a list"},
        {"exclude number", "workspace:\n  exclude:\n    - a\n    - 7",
         "dev.md:5: workspace.exclude[1]: found the number 7, expected a string: write \"7\""},
    };
    for (const test::Mistake& row : rows) {
        const auto bottle = bottle_of(row.yaml);
        ASSERT_FALSE(bottle) << row.name;
        EXPECT_EQ(bottle.error().code, "manifest_invalid") << row.name;
        EXPECT_TRUE(test::has_line(bottle.error(), row.error)) << row.name << "\n"
                                                               << bottle.error().message;
    }
}

TEST(Bottle, EveryProblemIsReportedAtOnce) {
    const auto bottle =
        bottle_of("env:\n  A: 1\negress:\n  routes:\n    - {host: 'a b'}\nworkspace: {mode: x}");
    ASSERT_FALSE(bottle);
    EXPECT_EQ(std::count(bottle.error().message.begin(), bottle.error().message.end(), '\n'), 2);
}

TEST(Bottle, ALongListOfProblemsIsCut) {
    std::string yaml = "env:\n";
    for (int i = 0; i < 50; ++i)
        yaml += "  A" + std::to_string(i) + ": 1\n";
    const auto bottle = bottle_of(yaml);
    ASSERT_FALSE(bottle);
    EXPECT_TRUE(test::has_line(bottle.error(), "… and 30 more"));
}

}  // namespace
}  // namespace botbottle
