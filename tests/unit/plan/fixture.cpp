#include "fixture.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>

namespace botbottle::test {

PlanTest::PlanTest()
    : plugins_(
          {{QStringLiteral(BOTBOTTLE_SCRIPTED_PLUGINS), QStringLiteral(BOTBOTTLE_BUILT_PLUGINS)},
           std::nullopt},
          {}) {}

QString PlanTest::path(const QString& relative) const {
    return directory_.path() + QLatin1Char('/') + relative;
}

void PlanTest::write(const QString& relative, const std::string& text) const {
    QDir().mkpath(QFileInfo(path(relative)).path());
    QFile file(path(relative));
    ASSERT_TRUE(file.open(QIODevice::WriteOnly));
    file.write(text.data(), static_cast<qint64>(text.size()));
}

void PlanTest::bottle(const std::string& yaml, const char* name) const {
    write(QStringLiteral("home/bottles/%1.md").arg(QString::fromLatin1(name)),
          "---\n" + yaml + "\n---\n");
}

void PlanTest::agent(const std::string& yaml, const std::string& prompt, const char* name) const {
    write(QStringLiteral("home/agents/%1.md").arg(QString::fromLatin1(name)),
          "---\n" + yaml + "\n---\n" + prompt);
}

HostVariables PlanTest::host_variables() const {
    return [this](const char* name) -> const char* {
        const auto found = variables_.find(name);
        return found == variables_.end() ? nullptr : found->second.c_str();
    };
}

template <typename Body>
Result<Plan> PlanTest::with_sources(Body body) {
    const QString home = path(QStringLiteral("home"));
    const auto manifests = ManifestStore::load(home, path(QStringLiteral("repository")));
    const auto variables = host_variables();
    const auto settings = load_settings(home, {}, variables);
    if (!settings) return tl::make_unexpected(settings.error());
    return body(
        PlanSources{manifests, *settings, plugins_, variables, path(QStringLiteral("user"))});
}

Result<Plan> PlanTest::plan(const LaunchRequest& request, const Guest& guest) {
    return with_sources([&](const PlanSources& sources) {
        return build_plan(request, sources, guest, QStringLiteral("/state"));
    });
}

Result<Plan> PlanTest::replan(const Plan& seen, const Guest& guest) {
    return with_sources([&](const PlanSources& sources) {
        return botbottle::replan(seen, sources, guest, QStringLiteral("/state"));
    });
}

Result<Plan> PlanTest::plan_command(const char* bottle) {
    LaunchRequest request;
    request.bottle = QString::fromLatin1(bottle);
    request.command = {QStringLiteral("true")};
    return plan(request);
}

LaunchRequest PlanTest::agent_request() {
    LaunchRequest request;
    request.agent = QStringLiteral("dev");
    return request;
}

}  // namespace botbottle::test
