// A directory of one test's own, removed afterwards.
#pragma once

#include <QString>
#include <string>

class Scratch {
  public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    QString path() const { return QString::fromStdString(path_); }
    QString operator/(const char* name) const {
        return path() + QLatin1Char('/') + QLatin1String(name);
    }
    QString file(const char* name, const std::string& content, int mode = 0644) const;

  private:
    std::string path_;
};
