// ManifestStore: the bottles and agents that the operator's home and the current repository define.
//
// load() only lists directories; a file is read when it is asked for, so that a launch pays for two
// files and one broken file stops nobody else. Trust: bottles come from the home alone; a
// repository may bring agents, never symbolic links, and where it overrides a home agent only
// prompt, skills and the claimed identity are taken from it.
#pragma once

#include <QString>
#include <QStringList>
#include <map>

#include "base/error.h"
#include "manifest/manifest.h"

namespace botbottle {

class ManifestStore {
  public:
    // `home` is the botbottle home (~/.bot-bottle or BOT_BOTTLE_HOME), `working_directory` the
    // place whose .bot-bottle/agents may add agents. Missing directories are empty ones.
    static ManifestStore load(const QString& home, const QString& working_directory);

    // Sorted by name; broken ones are in it.
    QStringList bottle_names() const;
    QStringList agent_names() const;

    // The bottle with everything that it extends. Errors: `unknown_bottle` (lists the known ones),
    // `manifest_invalid` (every problem of the file, one line each), `extends_cycle`.
    Result<BottleManifest> bottle(const QString& name) const;

    // The same for a text that is not in its file yet.
    Result<BottleManifest> draft_of_bottle(const QString& name, const std::string& text) const;
    Result<AgentManifest> draft_of_agent(const QString& name, const std::string& text) const;

    // Where a bottle or an agent is written; empty when it is not. An agent that a repository
    // overrides is the operator's own file.
    QString bottle_file(const QString& name) const;
    QString agent_file(const QString& name) const;

    // Errors: `unknown_agent`, `manifest_invalid`. Does not open the agent's bottle.
    // `warnings`, when given, gets what the operator should know about this agent.
    Result<AgentManifest> agent(const QString& name, QStringList* warnings = nullptr) const;

    // What the listing found and did not take: skipped files, bottles of a repository.
    const QStringList& warnings() const { return warnings_; }

    const QString& home() const { return home_; }

  private:
    struct AgentFiles {
        QString home;        // path, or empty
        QString repository;  // path, or empty
    };

    Result<BottleManifest> resolve(const QString& name, const std::string* draft) const;
    void list_repository(const QString& working_directory);

    QString home_;
    QString older_file_;  // bot-bottle.json, where it stands in the place of what is read
    QString repository_;  // the working directory, when its agents may be read
    std::map<QString, QString> bottles_;
    std::map<QString, AgentFiles> agents_;
    QStringList warnings_;
};

}  // namespace botbottle
