// A home, a repository, host variables and plugins for one plan.
#pragma once

#include <gtest/gtest.h>

#include <QJsonDocument>
#include <QTemporaryDir>
#include <map>
#include <string>

#include "plan/plan.h"

namespace botbottle::test {

class PlanTest : public ::testing::Test {
  protected:
    PlanTest();

    void write(const QString& path, const std::string& text) const;
    void bottle(const std::string& yaml, const char* name = "dev") const;
    void agent(const std::string& yaml, const std::string& prompt = {},
               const char* name = "dev") const;
    QString path(const QString& relative) const;

    Result<Plan> plan(const LaunchRequest& request, const Guest& guest = {});
    // For the agent "dev", or for a bare command in a bottle.
    Result<Plan> plan_agent() { return plan(agent_request()); }
    Result<Plan> plan_command(const char* bottle = "dev");
    Result<Plan> replan(const Plan& seen, const Guest& guest);

    static LaunchRequest agent_request();
    HostVariables host_variables() const;

    QTemporaryDir directory_;
    std::map<std::string, std::string> variables_;
    PluginRegistry plugins_;

  private:
    template <typename Body>
    Result<Plan> with_sources(Body body);
};

inline QJsonObject parse(const std::string& text) {
    return QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
}

inline std::string compact(const QJsonObject& object) {
    return QJsonDocument(object).toJson(QJsonDocument::Compact).toStdString();
}

}  // namespace botbottle::test
