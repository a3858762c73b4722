// WardenConnection: the client's side of the control protocol (docs/control-protocol.md), blocking.
//
// Every call has a deadline; an interrupt (interrupt.h) ends a wait with "interrupted". A warden
// that went away is "warden_gone".
#pragma once

#include <QJsonObject>
#include <QString>
#include <map>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "files/unique_fd.h"

namespace botbottle {

class WardenConnection {
  public:
    explicit WardenConnection(UniqueFd socket) : socket_(std::move(socket)) {}

    // The warden of a running bottle. Refuses a socket that another user listens on.
    static Result<WardenConnection> open(const QString& runtime_dir);

    Result<QJsonObject> call(const QString& method, const QJsonObject& params, int timeout_ms);

    // The two halves of a call, for work that goes on meanwhile. Answers come in the order of
    // requests.
    Result<void> send(const QString& method, const QJsonObject& params);
    Result<QJsonObject> receive(int timeout_ms);

    // `start` with the secrets as a member of `params`. They are written into one buffer that is
    // wiped right after, and into no JSON document.
    // `git_keys` is a member of its own, since the egress gets all of the others.
    Result<void> send_start(const QJsonObject& params, const std::map<std::string, Secret>& secrets,
                            const std::map<std::string, Secret>& git_keys = {});

    // Says that no more requests come, which ends a warden that watches no bottle yet.
    void hang_up();

    // The same for any other method.
    Result<void> send_with_secrets(const QString& method, const QJsonObject& params,
                                   const std::map<std::string, Secret>& secrets,
                                   const std::map<std::string, Secret>& git_keys = {});

    // Waits until the other end has closed.
    Result<void> wait_for_end(int timeout_ms);

  private:
    Result<void> write(std::string_view bytes);
    Result<std::string> read_line(int timeout_ms);

    UniqueFd socket_;
    std::string received_;
    int next_id_ = 1;
};

}  // namespace botbottle
