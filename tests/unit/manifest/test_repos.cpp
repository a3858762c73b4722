// git-gate.repos: what each key means, each way to get it wrong, and how a chain merges them.
#include <gtest/gtest.h>

#include "fixture.h"
#include "manifest/bottle_reader.h"
#include "manifest/git_repo_reader.h"
#include "manifest/reader.h"

namespace botbottle {
namespace {

const char* const kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

struct Reading {
    QList<GitRepo> repos;
    Error error;  // its message is empty when all is well
};

// Past the table of what is not enforced: the reader alone.
Reading read(const std::string& yaml) {
    Problems problems(QStringLiteral("dev.md"));
    const auto root = yaml::parse(yaml, 1, problems);
    Reading reading;
    if (root) reading.repos = read_git_repos(*root, QStringLiteral("repos"), problems);
    if (!problems.empty()) reading.error = problems.error("manifest_invalid").value();
    return reading;
}

TEST(Repos, UrlsAreTakenApart) {
    struct Row {
        const char* url;
        const char* user;
        const char* host;
        int port;
        const char* path;
        const char* canonical;
    };
    const Row rows[] = {
        {"ssh://git@example.com/a.git", "git", "example.com", 22, "/a.git",
         "ssh://git@example.com/a.git"},
        {"ssh://git@EXAMPLE.com:22/a", "git", "example.com", 22, "/a", "ssh://git@example.com/a"},
        {"ssh://me@h.example:2222/~/b/c.git", "me", "h.example", 2222, "/~/b/c.git",
         "ssh://me@h.example:2222/~/b/c.git"},
        {"ssh://git@192.0.2.1/a", "git", "192.0.2.1", 22, "/a", "ssh://git@192.0.2.1/a"},
    };
    for (const Row& row : rows) {
        const auto reading = read(std::string("a: {identity: /k, url: '") + row.url + "'}");
        ASSERT_TRUE(reading.error.message.empty()) << reading.error.message;
        const GitRepo& repo = reading.repos[0];
        EXPECT_EQ(repo.user.toStdString(), row.user);
        EXPECT_EQ(repo.host.toStdString(), row.host);
        EXPECT_EQ(repo.port, row.port);
        EXPECT_EQ(repo.path.toStdString(), row.path);
        EXPECT_EQ(repo.url.toStdString(), row.canonical);
    }
}

TEST(Repos, EveryKey) {
    const auto reading = read(
        std::string(
            "my.repo-1:\n  url: ssh://git@h.example/a\n  identity: ~/.ssh/id\n  host_key: ") +
        kKey +
        "\n  rules: {branches: ['feature/**'], force: true, delete: true, paths: ['.github/**'], "
        "max_push_size: 100M, dlp: off}");
    EXPECT_TRUE(reading.error.message.empty()) << reading.error.message;
    ASSERT_EQ(reading.repos.size(), 1);
    const GitRepo& repo = reading.repos[0];
    EXPECT_EQ(repo.name, QStringLiteral("my.repo-1"));
    EXPECT_EQ(repo.identity, QStringLiteral("~/.ssh/id"));
    EXPECT_EQ(repo.host_key.toStdString(), kKey);
    EXPECT_EQ(repo.rules.branches, QStringList(QStringLiteral("feature/**")));
    EXPECT_TRUE(repo.rules.force);
    EXPECT_TRUE(repo.rules.deletion);
    EXPECT_EQ(repo.rules.paths, QStringList(QStringLiteral(".github/**")));
    EXPECT_EQ(repo.rules.max_push_bytes, 100 << 20);
    EXPECT_EQ(repo.rules.dlp, Dlp::Off);

    const auto defaults = read("a: {url: 'ssh://git@h.example/a', identity: /k}");
    EXPECT_TRUE(defaults.error.message.empty());
    EXPECT_TRUE(defaults.repos[0].host_key.isEmpty());
    EXPECT_FALSE(defaults.repos[0].rules.force);
    EXPECT_FALSE(defaults.repos[0].rules.deletion);
    EXPECT_EQ(defaults.repos[0].rules.dlp, Dlp::Block);
}

TEST(Repos, UrlMistakes) {
    for (const char* url :
         {"https://example.com/a.git", "git@example.com:a.git", "ssh://example.com/a",
          "ssh://git@example.com", "ssh://git@example.com/", "ssh://git@-oProxyCommand=x/a",
          "ssh://-oProxyCommand=x@h.example/a", "ssh://git@h.example:0/a",
          "ssh://git@h.example:65536/a", "ssh://git@h.example:x/a", "ssh://git@127.1/a",
          "ssh://git@h.example/a b", "ssh://git@h.example/a?b", "ssh://git@h.example/a#b",
          "ssh://git@h.example/a\\b", "ssh://a@b@h.example/a", "file:///etc/passwd",
          "ext::sh -c x"}) {
        const auto reading = read(std::string("a: {identity: /k, url: '") + url + "'}");
        EXPECT_EQ(reading.error.message.rfind("dev.md:1: repos.a.url: found \"", 0), 0U)
            << url << ": " << reading.error.message;
    }
}

TEST(Repos, Mistakes) {
    const std::string good = "url: 'ssh://git@h.example/a', identity: /k";
    struct Row {
        const char* name;
        std::string yaml;
        const char* error;
    };
    const Row rows[] = {
        {"word", "a: x",
         "dev.md:1: repos.a: found the string \"x\", expected a mapping (\"key: value\")"},
        {"url missing", "a: {identity: /k}",
         "dev.md:1: repos.a.url: missing: ssh://USER@HOST[:PORT]/PATH"},
        {"url number", "a: {identity: /k, url: 1}",
         "dev.md:1: repos.a.url: found the number 1, expected a string: write \"1\""},
        {"url with a password", "a: {identity: /k, url: 'ssh://git:canary@h.example/a'}",
         "dev.md:1: repos.a.url: the URL holds a password: a repo is reached with the key of "
         "\"identity\"; "
         "expected ssh://USER@HOST[:PORT]/PATH"},
        {"identity missing", "a: {url: 'ssh://git@h.example/a'}",
         "dev.md:1: repos.a.identity: missing: the path of the ssh key that opens this repo"},
        {"identity relative", "a: {url: 'ssh://git@h.example/a', identity: id}",
         "dev.md:1: repos.a.identity: found \"id\", expected a path that begins with \"/\" or "
         "\"~/\""},
        {"identity of another user", "a: {url: 'ssh://git@h.example/a', identity: ~root/id}",
         "dev.md:1: repos.a.identity: found \"~root/id\", expected a path that begins with \"/\" "
         "or \"~/\""},
        {"identity is the key",
         "a: {url: 'ssh://git@h.example/a', identity: '-----BEGIN PRIVATE KEY-----'}",
         "dev.md:1: repos.a.identity: this is a key: write the path of its file"},
        {"identity list", "a: {url: 'ssh://git@h.example/a', identity: []}",
         "dev.md:1: repos.a.identity: found a list, expected a string"},
        {"unknown key", "a: {" + good + ", hostkey: x}",
         "dev.md:1: repos.a: unknown key \"hostkey\"; did you mean \"host_key\"?"},
        {"name with a path", "'../a': {" + good + "}",
         "dev.md:1: repos: \"../a\" is not a repo's name: letters, digits, \".\", \"_\" and \"-\", "
         "not "
         "beginning with \".\" or \"-\""},
        {"name of dots", "'..': {" + good + "}",
         "dev.md:1: repos: \"..\" is not a repo's name: letters, digits, \".\", \"_\" and \"-\", "
         "not "
         "beginning with \".\" or \"-\""},
        {"name of an option", "'-a': {" + good + "}",
         "dev.md:1: repos: \"-a\" is not a repo's name: letters, digits, \".\", \"_\" and \"-\", "
         "not "
         "beginning with \".\" or \"-\""},
        {"rules word", "a: {" + good + ", rules: strict}",
         "dev.md:1: repos.a.rules: found the string \"strict\", expected a mapping (\"key: "
         "value\")"},
        {"rules unknown", "a: {" + good + ", rules: {tags: [x]}}",
         "dev.md:1: repos.a.rules: unknown key \"tags\"; allowed: branches, force, delete, "
         "paths, "
         "max_push_size or dlp"},
        {"branches word", "a: {" + good + ", rules: {branches: main}}",
         "dev.md:1: repos.a.rules.branches: found the string \"main\", expected a list"},
        {"branches empty", "a: {" + good + ", rules: {branches: []}}",
         "dev.md:1: repos.a.rules.branches: the list is empty: leave the key out"},
        {"branch number", "a: {" + good + ", rules: {branches: [1]}}",
         "dev.md:1: repos.a.rules.branches[0]: found the number 1, expected a string: write \"1\""},
        {"branch empty", "a: {" + good + ", rules: {branches: ['']}}",
         "dev.md:1: repos.a.rules.branches[0]: found \"\", expected a glob such as \"feature/**\""},
        {"force word", "a: {" + good + ", rules: {force: allow}}",
         "dev.md:1: repos.a.rules.force: found the string \"allow\", expected true or false"},
        {"delete number", "a: {" + good + ", rules: {delete: 1}}",
         "dev.md:1: repos.a.rules.delete: found the number 1, expected true or false"},
        {"paths mapping", "a: {" + good + ", rules: {paths: {a: b}}}",
         "dev.md:1: repos.a.rules.paths: found a mapping, expected a list"},
        {"size word", "a: {" + good + ", rules: {max_push_size: big}}",
         "dev.md:1: repos.a.rules.max_push_size: found the string \"big\", expected a size such as "
         "512M or "
         "4G, or a number of bytes"},
        {"dlp word", "a: {" + good + ", rules: {dlp: blok}}",
         "dev.md:1: repos.a.rules.dlp: found \"blok\", expected block, hold or off; did you mean "
         "\"block\"?"},
        {"dlp bool", "a: {" + good + ", rules: {dlp: false}}",
         "dev.md:1: repos.a.rules.dlp: found the boolean false, expected a string: write "
         "\"false\""},
    };
    for (const Row& row : rows) {
        const auto reading = read(row.yaml);
        EXPECT_TRUE(test::has_line(reading.error, row.error)) << row.name << "\n"
                                                              << reading.error.message;
        EXPECT_EQ(reading.error.message.find("canary"), std::string::npos);
    }
}

TEST(Repos, HostKeyMistakes) {
    struct Row {
        std::string key;
        const char* what;
    };
    const Row rows[] = {
        {std::string("example.com ") + kKey, "the host's name does not belong here"},
        {"ssh-dss AAAA", "the type of the key is none of"},
        {"SHA256:abc", "the type of the key is none of"},
        {"ssh-ed25519", "not a whole key of that type"},
        {"ssh-ed25519 AAAA", "not a whole key of that type"},
        {"ssh-ed25519 ====", "not a whole key of that type"},
        {std::string("ssh-rsa ") + (kKey + 12), "not a whole key of that type"},
        {std::string(kKey) + "\\nother", "more than one line"},
    };
    for (const Row& row : rows) {
        const auto reading =
            read("a: {url: 'ssh://git@h.example/a', identity: /k, host_key: \"" + row.key + "\"}");
        EXPECT_EQ(reading.error.message.rfind("dev.md:1: repos.a.host_key: found \"", 0), 0U)
            << row.key;
        EXPECT_NE(reading.error.message.find(row.what), std::string::npos) << reading.error.message;
    }
}

BottleLayer layer(const char* name, std::optional<QList<GitRepo>> repos) {
    BottleLayer layer;
    layer.name = QString::fromLatin1(name);
    layer.repos = std::move(repos);
    return layer;
}

GitRepo repo(const char* name, const char* url) {
    GitRepo repo;
    repo.name = QString::fromLatin1(name);
    repo.url = QString::fromLatin1(url);
    return repo;
}

TEST(Repos, AreMergedByName) {
    const BottleLayer base =
        layer("base", QList<GitRepo>{repo("a", "base-a"), repo("b", "base-b")});
    const auto urls = [&](const BottleLayer& child) {
        QStringList list;
        const auto merged = merge_bottle({base, child});
        for (const GitRepo& each : merged->repos)
            list += each.name + QLatin1Char('=') + each.url;
        return list.join(QLatin1Char(' ')).toStdString();
    };
    EXPECT_EQ(urls(layer("absent", std::nullopt)), "a=base-a b=base-b");
    EXPECT_EQ(urls(layer("clears", QList<GitRepo>())), "");
    EXPECT_EQ(urls(layer("merges", QList<GitRepo>{repo("b", "child-b"), repo("c", "child-c")})),
              "a=base-a b=child-b c=child-c");
}

TEST(Repos, TheMergedBottleIsCheckedAgain) {
    const auto merged = merge_bottle({layer("base", QList<GitRepo>{repo("a", "same")}),
                                      layer("child", QList<GitRepo>{repo("b", "same")})});
    ASSERT_FALSE(merged);
    EXPECT_NE(
        merged.error().message.find("git-gate.repos.b.url: \"same\" is the repo \"a\" already"),
        std::string::npos);

    BottleLayer holds = layer("child", QList<GitRepo>{repo("a", "url")});
    holds.repos->front().rules.dlp = Dlp::Hold;
    BottleLayer base = layer("base", std::nullopt);
    EXPECT_FALSE(merge_bottle({base, holds}));
    base.supervise = true;
    EXPECT_TRUE(merge_bottle({base, holds}));
    holds.supervise = false;
    EXPECT_FALSE(merge_bottle({base, holds}));
}

}  // namespace
}  // namespace botbottle
