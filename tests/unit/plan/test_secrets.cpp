// Secrets: read once, each for its own slot or name, and gone from this process afterwards.
#include "plan/secrets.h"

#include <QProcess>

#include "fixture.h"

namespace botbottle {
namespace {

class Secrets : public test::PlanTest {
  protected:
    Plan make() {
        variables_ = {{"GH", "github"}, {"KEY", "value"}};
        bottle(
            "env: {EDITOR: vi, A: '${KEY}', PIN: '?Your PIN'}\n"
            "egress: {routes: [{host: a.example, auth: {scheme: Bearer, token_ref: GH}}]}");
        const auto made = plan_command();
        EXPECT_TRUE(made) << made.error().message;
        return made.value_or(Plan{});
    }
};

TEST_F(Secrets, EachGoesToItsOwnPlace) {
    const Plan plan = make();
    QStringList asked;
    const auto secrets = resolve_secrets(
        plan, host_variables(), [&](const QString& name, const QString& prompt) -> Result<Secret> {
            asked += name + QLatin1Char(':') + prompt;
            return Secret("1234");
        });
    ASSERT_TRUE(secrets) << secrets.error().message;
    EXPECT_EQ(asked, QStringList(QStringLiteral("PIN:Your PIN")));
    ASSERT_EQ(secrets->credentials.size(), 1U);
    EXPECT_EQ(secrets->credentials.at("egress.a.example").reveal(), "github");
    ASSERT_EQ(secrets->env.size(), 2U);
    EXPECT_EQ(secrets->env.at("A").reveal(), "value");
    EXPECT_EQ(secrets->env.at("PIN").reveal(), "1234");
    EXPECT_EQ(referenced_variables(plan), (std::vector<std::string>{"GH", "KEY"}));
}

TEST_F(Secrets, NamesThoseThatAreNotLookedFor) {
    LaunchSecrets secrets;
    secrets.credentials.emplace("egress.short.example", Secret("1234567"));
    secrets.credentials.emplace("egress.long.example", Secret("12345678"));
    EXPECT_EQ(not_looked_for(secrets), QStringList(QStringLiteral("egress.short.example")));
}

TEST_F(Secrets, NobodyToAskIsAnError) {
    const Plan plan = make();
    const auto secrets = resolve_secrets(plan, host_variables(),
                                         [](const QString&, const QString&) -> Result<Secret> {
                                             return failure("no_terminal", "cannot ask");
                                         });
    ASSERT_FALSE(secrets);
    EXPECT_EQ(secrets.error().code, "no_terminal");
}

TEST_F(Secrets, AVariableThatIsGoneIsNamed) {
    const Plan plan = make();
    variables_.erase("GH");
    const auto secrets = resolve_secrets(plan, host_variables(), nullptr);
    ASSERT_FALSE(secrets);
    EXPECT_EQ(secrets.error().code, "missing_variable");
    EXPECT_EQ(
        secrets.error().message,
        "the environment variable GH, which the credential egress.a.example needs, is not set");
}

// In a process of its own: the block that /proc shows is made by exec.
TEST_F(Secrets, TheEnvironmentOfTheProcessForgetsThem) {
    QProcess probe;
    probe.setProcessEnvironment([] {
        QProcessEnvironment environment;
        environment.insert(QStringLiteral("TOKEN"), QStringLiteral("canary-1"));
        environment.insert(QStringLiteral("COPIED"), QStringLiteral("canary-2"));
        environment.insert(QStringLiteral("TOKEN_2"), QStringLiteral("kept-1"));
        environment.insert(QStringLiteral("OTHER"), QStringLiteral("TOKEN=kept-2"));
        return environment;
    }());
    probe.start(QStringLiteral(BOTBOTTLE_WIPE_PROBE),
                {QStringLiteral("TOKEN"), QStringLiteral("COPIED"), QStringLiteral("PUT"),
                 QStringLiteral("NEVER_SET")});
    ASSERT_TRUE(probe.waitForFinished());
    const std::string output = probe.readAllStandardOutput().toStdString();
    EXPECT_EQ(output.find("canary"), std::string::npos) << output;
    for (const char* kept :
         {"TOKEN_2=kept-1", "OTHER=TOKEN=kept-2", "getenv TOKEN: unset", "getenv COPIED: unset",
          "getenv PUT: unset", "getenv NEVER_SET: unset"}) {
        EXPECT_NE(output.find(kept), std::string::npos) << kept << '\n' << output;
    }
}

}  // namespace
}  // namespace botbottle
