// What the manifest tests share: rows of "this YAML, that error", and a home on disk.
#pragma once

#include <QString>
#include <QTemporaryDir>
#include <string>

#include "base/error.h"
#include "manifest/manifest.h"

namespace botbottle::test {

// A row of a table of mistakes. `yaml` starts in line 2 of the file; `error` is one whole line of
// the message.
struct Mistake {
    const char* name;
    const char* yaml;
    const char* error;
};

Result<BottleManifest> bottle_of(const std::string& yaml);
Result<AgentManifest> agent_of(const std::string& yaml, const std::string& body = {});

// Whether `line` is one of the lines of the error's message.
bool has_line(const Error& error, const std::string& line);

// A botbottle home and a repository, in a directory that goes with the test.
class Places {
  public:
    Places();

    QString home() const { return directory_.path() + QStringLiteral("/home"); }
    QString repository() const { return directory_.path() + QStringLiteral("/repository"); }

    // `path` is relative to the directory that holds both; missing directories are made.
    QString write(const QString& path, const std::string& text) const;
    QString path(const QString& relative) const;

  private:
    QTemporaryDir directory_;
};

}  // namespace botbottle::test
