// A provider's plan is read as strictly as a file.
#include "fixture.h"

namespace botbottle {
namespace {

class ProviderReply : public test::PlanTest {
  protected:
    ProviderReply() {
        variables_["T"] = "x";
        agent("bottle: dev");
    }

    // `members` besides schema and command.
    Result<Plan> reply(const std::string& members) {
        return raw(R"({"schema": "botbottle.provider-plan/1", "command": "scripted")" +
                   (members.empty() ? "" : ", " + members) + "}");
    }
    Result<Plan> raw(const std::string& text) {
        bottle("agent_provider:\n  template: scripted\n  token: T\n  reply: '" + text + "'");
        return plan_agent();
    }
};

TEST_F(ProviderReply, AllMembers) {
    const auto plan = reply(R"("env": {"A": "1", "B": "2"}, "hidden_env": ["B"],
        "directories": [{"path": "/home/agent/.x", "mode": "0700"}],
        "files": [{"path": "/home/agent/.x/f", "mode": "0600", "content": ""}],
        "pre_copy": [["rm", "-f", "x"]], "verify": [["true"]], "skills_directory": "/home/agent/.x/skills",
        "routes": [{"host": "API.example.com", "methods": ["POST"], "auth": {"scheme": "Bearer", "secret": "t"}},
                   {"host": "b.example", "ports": [8443]}],
        "secrets": {"t": {"host_variable": "T"}})");
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->env.size(), 2);
    EXPECT_FALSE(plan->env[0].hidden);
    EXPECT_TRUE(plan->env[1].hidden);
    EXPECT_EQ(plan->provider->directories[0].mode, QStringLiteral("0700"));
    EXPECT_EQ(plan->provider->files[0].path, QStringLiteral("/home/agent/.x/f"));
    EXPECT_EQ(
        plan->provider->pre_copy,
        (QList<QStringList>{{QStringLiteral("rm"), QStringLiteral("-f"), QStringLiteral("x")}}));
    EXPECT_EQ(plan->routes[0].host, QStringLiteral("api.example.com"));
    EXPECT_EQ(plan->routes[0].auth->slot, QStringLiteral("provider.scripted.t"));
    EXPECT_EQ(plan->routes[1].ports, QList<int>{8443});
}

TEST_F(ProviderReply, Mistakes) {
    struct Row {
        const char* members;
        const char* error;
    };
    const Row rows[] = {
        {R"("evn": {})", ": unknown key \"evn\"; did you mean \"env\"?"},
        {R"("env": [])", ": env: found a list, expected a mapping (\"key: value\")"},
        {R"("env": {"A=B": "x"})", ": env: \"A=B\" is not a variable name"},
        {R"("env": {"A": 1})", ": env.A: found the number 1, expected a string: write \"1\""},
        {R"("env": {}, "hidden_env": ["A"])", ": hidden_env: \"A\" is not in \"env\""},
        {R"("directories": {})", ": directories: found a mapping, expected a list"},
        {R"("directories": [{"path": "rel", "mode": "0700"}])",
         ": directories[0].path: found \"rel\", expected an absolute path without \".\", \"..\" or "
         "a slash at its end"},
        {R"("directories": [{"path": "/a", "mode": "700"}])",
         ": directories[0].mode: found \"700\", expected a mode such as \"0600\""},
        {R"("directories": [{"path": "/a", "mode": "4755"}])",
         ": directories[0].mode: found \"4755\", expected a mode such as \"0600\""},
        {R"("directories": [{"path": "/a"}])",
         ": directories[0].mode: missing: a file mode such as \"0600\""},
        {R"("files": [{"path": "/a/../../etc/x", "mode": "0600", "content": ""}])",
         ": files[0].path: found \"/a/../../etc/x\", expected an absolute path without \".\", "
         "\"..\" or a slash at its "
         "end"},
        {R"("files": [{"path": "/a", "mode": "0600"}])", ": files[0].content: missing"},
        {R"("files": [{"path": "/a", "mode": "0600", "content": "", "owner": "root"}])",
         ": files[0]: unknown key \"owner\"; allowed: path, mode or content"},
        {R"("verify": [[]])", ": verify[0]: expected a list of words"},
        {R"("verify": ["true"])", ": verify[0]: expected a list of words"},
        {R"("verify": [["a", 1]])",
         ": verify[0]: found the number 1, expected a string: write \"1\""},
        {R"("conversation": ["/home/agent/../x"])",
         ": conversation: found \"/home/agent/../x\", expected an absolute path without \".\", "
         "\"..\" "
         "or a slash at its end"},
        {R"("conversation": ["talks"])",
         ": conversation: found \"talks\", expected an absolute path without \".\", \"..\" or a "
         "slash "
         "at its end"},
        {R"("conversation": "/home/agent/talks")",
         ": conversation: found the string \"/home/agent/"
         "talks\", expected a list"},
        {R"("skills_directory": "skills")",
         ": skills_directory: found \"skills\", expected an absolute path without \".\", \"..\" or "
         "a slash at its end"},
        {R"("secrets": {"t": {}})", ": secrets.t.host_variable: missing: a host variable''s name"},
        {R"("secrets": {"t": {"host_variable": "AWS_SECRET_ACCESS_KEY"}})",
         ": secrets.t.host_variable: \"AWS_SECRET_ACCESS_KEY\" is not named by a setting of the "
         "manifest"},
        {R"("secrets": {"../x": {"host_variable": "T"}})",
         ": secrets: \"../x\" is not a name ([a-z][a-z0-9-]*)"},
        {R"("routes": [{"host": "a.example", "auth": {"scheme": "Bearer", "secret": "t"}}])",
         ": routes: \"t\" is not in \"secrets\""},
        {R"("routes": [{"host": "a.*.example"}])",
         ": routes[0].host: found \"a.*.example\": the only wildcard is a leading \"*.\""},
        {R"("routes": [{"host": "a.example"}, {"host": "A.example"}])",
         ": routes[1].host: \"a.example\" has a route already"},
        {R"("routes": [{"host": "a.example", "ports": [0]}])",
         ": routes[0].ports[0]: found the number 0, expected an integer from 1 to 65535"},
    };
    for (const Row& row : rows) {
        const auto plan = reply(row.members);
        ASSERT_FALSE(plan) << row.members;
        EXPECT_EQ(plan.error().code, "bad_provider_plan") << row.members;
        std::string expected = std::string("the plan of provider \"scripted\"") + row.error;
        if (const auto at = expected.find("''"); at != std::string::npos) expected.erase(at, 1);
        EXPECT_EQ(plan.error().message.substr(0, expected.size()), expected)
            << plan.error().message;
    }
}

TEST_F(ProviderReply, SchemaAndCommandAreNeeded) {
    const struct {
        const char* text;
        const char* error;
    } rows[] = {
        {R"({"command": "x"})", "schema: missing: its schema"},
        {R"({"schema": "botbottle.provider-plan/2", "command": "x"})",
         "schema: found \"botbottle.provider-plan/2\", expected \"botbottle.provider-plan/1\""},
        {R"({"schema": "botbottle.provider-plan/1"})", "command: missing: the program to run"},
        {R"({"schema": "botbottle.provider-plan/1", "command": "/bin/sh"})",
         "command: found \"/bin/sh\", expected a program''s name without a path"},
    };
    for (const auto& row : rows) {
        const auto plan = raw(row.text);
        ASSERT_FALSE(plan) << row.text;
        std::string expected = std::string("the plan of provider \"scripted\": ") + row.error;
        if (const auto at = expected.find("''"); at != std::string::npos) expected.erase(at, 1);
        EXPECT_EQ(plan.error().message, expected);
    }
}

}  // namespace
}  // namespace botbottle
