// DoctorTargets: what doctor sets up on the host for the attempts inside a bottle to reach:
// listeners, a file, a process. Each is first reached from the host itself, so that "blocked" means
// something.
#pragma once

#include <sys/types.h>

#include <QString>
#include <QStringList>
#include <vector>

#include "base/error.h"
#include "bottles/home.h"
#include "files/unique_fd.h"

namespace botbottle::cli {

class DoctorTargets {
  public:
    static Result<DoctorTargets> open(const Home& home);
    DoctorTargets(DoctorTargets&&) = default;
    DoctorTargets& operator=(DoctorTargets&&) = delete;
    ~DoctorTargets();

    // `--target KIND=VALUE …` for botbottle-probe (sidecars/probe/README.md).
    const QStringList& arguments() const { return arguments_; }

  private:
    DoctorTargets() = default;
    Result<void> listen_on_loopback(int family, const char* kind, const char* address);
    Result<void> echo_datagrams();
    Result<void> listen_abstract(const QString& name);
    Result<void> write_canary(const QString& path);
    Result<void> start_process(const QString& word);
    void add(const QString& kind, const QString& value);

    QStringList arguments_;
    std::vector<UniqueFd> sockets_;
    std::vector<pid_t> children_;
    UniqueFd keeps_process_;  // the process ends when this closes
    QString canary_;
};

}  // namespace botbottle::cli
