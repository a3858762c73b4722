// DemoStage: the temporary home and the upstream that a demonstration plays on. Everything goes
// when it goes.
#pragma once

#include <sys/types.h>

#include <QJsonObject>
#include <QList>
#include <QString>
#include <memory>

#include "base/error.h"
#include "files/unique_fd.h"

namespace botbottle::cli {

class DemoStage {
  public:
    static constexpr const char* kHost = "api.example.com";
    static constexpr const char* kBottle = "demo";
    static constexpr const char* kTokenVariable = "BOTBOTTLE_DEMO_TOKEN";

    // Starts the upstream, writes a bottle and settings, and points BOT_BOTTLE_HOME and the token's
    // variable of this process at them.
    static Result<std::unique_ptr<DemoStage>> open();
    ~DemoStage();
    DemoStage(const DemoStage&) = delete;
    DemoStage& operator=(const DemoStage&) = delete;

    const QString& home() const { return home_; }
    const QString& token() const { return token_; }
    int port() const { return port_; }

    // What the upstream has seen since the last call, one object per request.
    QList<QJsonObject> seen();

  private:
    DemoStage() = default;
    Result<void> make_home();
    Result<void> start_upstream();
    Result<void> write_files();
    Result<QJsonObject> read_line(int timeout_ms);

    QString home_;
    QString token_;
    int port_ = 0;
    pid_t upstream_ = -1;
    UniqueFd keeps_upstream_;  // its stdin: it ends when this closes
    UniqueFd from_upstream_;
    QByteArray pending_;
};

}  // namespace botbottle::cli
