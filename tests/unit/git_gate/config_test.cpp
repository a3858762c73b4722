// What the gate's `start` may say, and how an upstream's words are explained.
#include "git-gate/config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "git-gate/mirror.h"

namespace botbottle::git_gate {
namespace {

using nlohmann::json;

json repo() {
    return {{"name", "project"},
            {"url", "ssh://git@host.example:2222/me/project.git"},
            {"host_key", "ssh-ed25519 AAAA"},
            {"rules",
             {{"branches", {"main"}},
              {"force", true},
              {"max_push_size", 5},
              {"paths", {".github/**"}},
              {"dlp", "hold"}}}};
}

json complete() {
    return {{"schema", "botbottle.git-gate/1"},
            {"identity", "a-12345"},
            {"directory", "/state/git"},
            {"repos", json::array({repo()})},
            {"keys", {{"project", "the key"}}}};
}

TEST(Config, TakesAllOfIt) {
    json params = complete();
    const auto config = parse_config(params);
    ASSERT_TRUE(config) << config.error().message;
    ASSERT_EQ(config->repos.size(), 1u);
    const Repo& read = config->repos[0];
    EXPECT_EQ(read.authority, "git@host.example:2222");
    EXPECT_EQ(read.path, "/me/project.git");
    EXPECT_EQ(read.host_name, "[host.example]:2222");
    EXPECT_EQ(read.key.reveal(), "the key");
    EXPECT_TRUE(read.rules.force);
    EXPECT_FALSE(read.rules.deletion);
    EXPECT_EQ(read.rules.max_push_bytes, 5u);
    EXPECT_EQ(read.rules.paths, std::vector<std::string>{".github/**"});
    EXPECT_EQ(read.rules.dlp, "hold");
    EXPECT_FALSE(config->ask_seconds);
    EXPECT_EQ(params.dump().find("the key"), std::string::npos);
}

TEST(Config, NamesOfHosts) {
    const std::pair<const char*, const char*> rows[] = {
        {"ssh://git@h/p", "h"},
        {"ssh://git@h:22/p", "h"},
        {"ssh://git@[fd00::1]/p", "fd00::1"},
        {"ssh://git@[fd00::1]:2222/p", "[fd00::1]:2222"},
    };
    for (const auto& [url, name] : rows) {
        json params = complete();
        params["repos"][0]["url"] = url;
        const auto config = parse_config(params);
        ASSERT_TRUE(config) << url;
        EXPECT_EQ(config->repos[0].host_name, name);
    }
}

TEST(Config, RefusesWhatGitOrSshCouldReadOtherwise) {
    const std::pair<const char*, json> rows[] = {
        {"url", "https://git@h/p"},
        {"url", "ssh://h/p"},
        {"url", "ssh://-oProxyCommand=x@h/p"},
        {"url", "ssh://git@-h/p"},
        {"url", "ssh://git@h/"},
        {"url", "ssh://git@h:2x/p"},
        {"url", "ssh://git@h/p q"},
        {"url", "ssh://git@h*/p"},
        {"url", "ssh://git@h/p\nx"},
        {"name", "../x"},
        {"name", ".hidden"},
        {"name", "a/b"},
        {"name", ""},
        {"host_key", "ssh-ed25519 AAAA\nx y z"},
        {"host_key", "one"},
        {"rules", json::array()},
        {"rules", {{"paths", "x"}}},
        {"rules", {{"paths", {1}}}},
        {"rules", {{"dlp", "maybe"}}},
        {"rules", {{"other", {"x"}}}},
        {"rules", {{"force", "yes"}}},
        {"other", 1},
    };
    for (const auto& [member, value] : rows) {
        json params = complete();
        params["repos"][0][member] = value;
        EXPECT_FALSE(parse_config(params)) << member << ' ' << value;
    }
    for (const char* member : {"schema", "identity", "directory", "repos", "keys"}) {
        json params = complete();
        params.erase(member);
        EXPECT_FALSE(parse_config(params)) << member;
    }
    json twice = complete();
    twice["repos"].push_back(repo());
    EXPECT_FALSE(parse_config(twice));
    json orphan = complete();
    orphan["keys"]["other"] = "x";
    EXPECT_FALSE(parse_config(orphan));
}

TEST(ExplainUpstream, SaysWhatToDo) {
    json params = complete();
    const auto config = parse_config(params);
    ASSERT_TRUE(config);
    const std::pair<const char*, const char*> rows[] = {
        {"No ED25519 host key is known\nHost key verification failed.\nfatal: Could not read",
         "host_key"},
        {"git@h: Permission denied (publickey).\nfatal: Could not read", "key_refused"},
        {"ssh: connect to host h port 22: Connection refused", "unreachable"},
        {" ! [rejected] main -> main (stale info)", "moved"},
        {" ! [remote rejected] main -> main (pre-receive hook declined)", "rejected"},
        {"something else", "upstream"},
    };
    for (const auto& [output, code] : rows) {
        const Error error = explain_upstream(config->repos[0], output);
        EXPECT_EQ(error.code, code) << output;
        EXPECT_FALSE(error.hint.empty());
    }
    EXPECT_NE(explain_upstream(config->repos[0], "a\x1b[31m b\n").message.find("a?[31m b"),
              std::string::npos);
}

}  // namespace
}  // namespace botbottle::git_gate
