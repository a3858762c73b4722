// Home: where botbottle keeps what must survive (docs/architecture.md, "State").
#pragma once

#include <QString>

#include "base/error.h"

namespace botbottle {

class Home {
  public:
    // BOT_BOTTLE_HOME, else ~/.bot-bottle. Touches nothing.
    static Result<Home> locate();

    // The operator's own home directory: $HOME, else that of the user database.
    static Result<QString> of_the_operator();

    // Creates what is missing, closed to others.
    Result<void> make() const;

    const QString& path() const { return path_; }
    QString state_root() const { return path_ + QStringLiteral("/state"); }
    QString state(const QString& identity) const;
    // What backends keep for every bottle.
    QString cache() const { return path_ + QStringLiteral("/cache"); }
    QString queue_root() const { return path_ + QStringLiteral("/queue"); }
    QString queue(const QString& identity) const;
    QString lock_file(const QString& identity) const;
    QString audit_file(const QString& identity) const;
    QString log_file(const QString& identity) const;

  private:
    explicit Home(QString path) : path_(std::move(path)) {}
    QString path_;
};

}  // namespace botbottle
