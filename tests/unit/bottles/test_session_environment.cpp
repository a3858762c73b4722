#include <gtest/gtest.h>

#include <cstdlib>

#include "bottles/session_environment.h"

namespace botbottle {
namespace {

Plan plan_with_env() {
    Plan plan;
    const auto add = [&plan](const char* name, PlannedEnv::Source source, const char* value) {
        PlannedEnv env;
        env.name = QLatin1String(name);
        env.source = source;
        env.value = QLatin1String(value);
        env.reference = QStringLiteral("HOST_VARIABLE");
        plan.env.append(env);
    };
    add("PLAIN", PlannedEnv::Source::Literal, "value");
    add("PLACEHOLDER", PlannedEnv::Source::Provider, "placeholder");
    add("SECRET", PlannedEnv::Source::HostVariable, "");
    add("ASKED", PlannedEnv::Source::Prompt, "");
    add("HTTPS_PROXY", PlannedEnv::Source::Literal, "http://elsewhere:1");
    return plan;
}

TEST(SessionEnvironment, HoldsWhatThePlanSaysAndNoSecret) {
    const QJsonObject environment = session_environment(plan_with_env());
    EXPECT_EQ(environment.value(QStringLiteral("PLAIN")).toString(), QStringLiteral("value"));
    EXPECT_EQ(environment.value(QStringLiteral("PLACEHOLDER")).toString(),
              QStringLiteral("placeholder"));
    EXPECT_FALSE(environment.contains(QStringLiteral("SECRET")));
    EXPECT_FALSE(environment.contains(QStringLiteral("ASKED")));
}

TEST(SessionEnvironment, TheOneWayOutCannotBePointedElsewhere) {
    const QJsonObject environment = session_environment(plan_with_env());
    for (const char* name : {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"})
        EXPECT_EQ(environment.value(QLatin1String(name)).toString().toStdString(),
                  "http://127.0.0.1:9099")
            << name;
    EXPECT_EQ(environment.value(QStringLiteral("NO_PROXY")).toString().toStdString(),
              "127.0.0.1,localhost,::1");
    const Guest guest;
    EXPECT_EQ(environment.value(QStringLiteral("SSL_CERT_FILE")).toString(), guest.ca_bundle);
    EXPECT_EQ(environment.value(QStringLiteral("NODE_EXTRA_CA_CERTS")).toString(),
              guest.ca_certificate);
}

TEST(SessionEnvironment, AJvmIsToldInItsOwnWordsAfterTheManifests) {
    Plan plan;
    plan.env = {{QStringLiteral("JAVA_TOOL_OPTIONS"),
                 PlannedEnv::Source::Literal,
                 QStringLiteral("-Xmx1g -Dhttps.proxyHost=elsewhere"),
                 {},
                 false}};
    const QString options =
        session_environment(plan).value(QStringLiteral("JAVA_TOOL_OPTIONS")).toString();
    EXPECT_EQ(options.toStdString(),
              "-Xmx1g -Dhttps.proxyHost=elsewhere -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=9099 "
              "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=9099 "
              "-Djavax.net.ssl.trustStoreType=JKS "
              "-Djavax.net.ssl.trustStore=/etc/botbottle/ca.jks");
}

TEST(SessionEnvironment, NothingElseOfTheHostComesIn) {
    setenv("BOTBOTTLE_TEST_HOST_ONLY", "x", 1);
    const QJsonObject environment = session_environment(Plan{});
    unsetenv("BOTBOTTLE_TEST_HOST_ONLY");
    EXPECT_FALSE(environment.contains(QStringLiteral("BOTBOTTLE_TEST_HOST_ONLY")));
    EXPECT_EQ(environment.value(QStringLiteral("HOME")).toString(), Guest{}.home);
}

TEST(SessionEnvironment, SecretsAreAddedOnlyWhereAskedFor) {
    std::map<std::string, Secret> secrets;
    secrets.emplace("SECRET", Secret("hunter2"));
    const QJsonObject environment = with_secrets(session_environment(plan_with_env()), secrets);
    EXPECT_EQ(environment.value(QStringLiteral("SECRET")).toString(), QStringLiteral("hunter2"));
}

}  // namespace
}  // namespace botbottle
