// SessionClient: the program that a backend's `attach` reply names, ready to be started.
#pragma once

#include <sys/types.h>

#include <QJsonObject>
#include <string>
#include <vector>

#include "base/error.h"
#include "bottles/child_process.h"
#include "files/unique_fd.h"

namespace botbottle {

struct SessionClient {
    std::vector<std::string> argv;
    std::vector<std::string> environment;
    std::vector<ChildDescriptor> descriptors;
    std::vector<UniqueFd> owned;  // what the child gets; to be closed here once it has started
    UniqueFd result;              // our end of the result pipe; invalid when there is none
};

// `input` and `output` become its stdin and stdout; its stderr is ours when its stdout is.
Result<SessionClient> session_client(const QJsonObject& attach_reply, int input, int output);

// The child's pid, or -1. `own_terminal`: `input` is a terminal that becomes the child's own.
pid_t start_session_client(SessionClient& client, bool own_terminal);

}  // namespace botbottle
