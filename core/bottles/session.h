// A session: one command in a bottle, on this command's own terminal or streams.
#pragma once

#include <QJsonObject>
#include <QString>

#include "base/error.h"

namespace botbottle {

struct SessionEnd {
    enum class Kind { Exited, Signaled, Detached };
    Kind kind = Kind::Exited;
    int number = 0;  // the exit code or the signal
};

// As a shell reports it: the code, or 128 + signal; 0 for a session that was detached.
int exit_code(const SessionEnd& end);

enum class SessionInput { Ours, Nothing };

// Starts the argv of a backend's `attach` reply and waits for the session's end. SIGINT is the
// session's business meanwhile; SIGTERM and SIGHUP are passed on.
Result<SessionEnd> run_session(const QJsonObject& attach_reply, SessionInput input);

}  // namespace botbottle
