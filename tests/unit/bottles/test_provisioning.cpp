#include <gtest/gtest.h>

#include <QJsonObject>

#include "bottles/provisioning.h"

namespace botbottle {
namespace {

const ProvisioningSources kSources{
    QStringLiteral("CA-PEM"),
    {QStringLiteral("/host/bundle.pem"), QStringLiteral("/host/ca.jks")},
    QString()};

// "copy /a /b | run x y | …": the order of what is done.
std::string outline(const std::vector<ProvisioningStep>& steps) {
    QStringList parts;
    for (const ProvisioningStep& step : steps) {
        if (!step.copies()) {
            parts << QStringLiteral("run ") + step.command.join(QLatin1Char(' '));
            continue;
        }
        QStringList paths;
        for (const QJsonValue& entry : step.entries)
            paths << entry.toObject().value(QLatin1String("path")).toString();
        parts << QStringLiteral("copy ") + paths.join(QLatin1Char(' '));
    }
    return parts.join(QStringLiteral(" | ")).toStdString();
}

QString content_of(const std::vector<ProvisioningStep>& steps, const char* path) {
    for (const ProvisioningStep& step : steps) {
        for (const QJsonValue& value : step.entries) {
            const QJsonObject entry = value.toObject();
            if (entry.value(QLatin1String("path")).toString() == QLatin1String(path))
                return entry.value(QLatin1String("content")).toString();
        }
    }
    return {};
}

TEST(Provisioning, ABareCommandGetsTrustAndGitInOneCopy) {
    EXPECT_EQ(outline(provisioning_steps(Plan{}, kSources)),
              "copy /etc/botbottle/ca.pem /etc/ssl/certs/ca-certificates.crt /etc/botbottle/ca.jks "
              "/home/agent/.gitconfig");
}

TEST(Provisioning, KeepsTheOrderAndJoinsNeighbours) {
    Plan plan;
    plan.prompt = QStringLiteral("Be kind.");
    plan.skills.append({QStringLiteral("lint"), QStringLiteral("/host/skills/lint"),
                        QStringLiteral("/home/agent/.x/skills/lint")});
    ProviderPlan provider;
    provider.id = QStringLiteral("x");
    provider.pre_copy = {{QStringLiteral("rm"), QStringLiteral("-f"), QStringLiteral("old")}};
    provider.directories = {{QStringLiteral("/home/agent/.x"), QStringLiteral("0700")}};
    provider.files = {
        {QStringLiteral("/home/agent/.x/config"), QStringLiteral("0600"), QStringLiteral("c")}};
    provider.verify = {{QStringLiteral("x"), QStringLiteral("--version")}};
    plan.provider = provider;
    ProvisioningSources sources = kSources;
    sources.workspace = QStringLiteral("/host/copy");
    EXPECT_EQ(outline(provisioning_steps(plan, sources)),
              "copy /etc/botbottle/ca.pem /etc/ssl/certs/ca-certificates.crt /etc/botbottle/ca.jks "
              "/home/agent/.botbottle "
              "/home/agent/.botbottle/prompt.md | run rm -f old | copy /home/agent/.x "
              "/home/agent/.x/config "
              "/home/agent/.x/skills/lint /workspace /home/agent/.gitconfig | run x --version");
    EXPECT_EQ(content_of(provisioning_steps(plan, sources), "/home/agent/.botbottle/prompt.md"),
              QStringLiteral("Be kind.\n"));
}

TEST(Provisioning, GitConfigCannotBeBrokenOutOf) {
    Plan plan;
    plan.git_identity.name = QStringLiteral("A \"quoted\" \\ name\n[core]\n\tpager = evil");
    plan.git_identity.email = QStringLiteral("a@b.c");
    EXPECT_EQ(
        content_of(provisioning_steps(plan, kSources), "/home/agent/.gitconfig").toStdString(),
        "[safe]\n\tdirectory = \"/workspace\"\n[user]\n"
        "\tname = \"A \\\"quoted\\\" \\\\ name\\n[core]\\n\tpager = evil\"\n\temail = \"a@b.c\"\n");
}

TEST(Provisioning, WithoutAPromptThereIsNoPromptFile) {
    EXPECT_TRUE(prompt_file(Plan{}).isEmpty());
}

}  // namespace
}  // namespace botbottle
