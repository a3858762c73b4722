// A terminal session that nobody looks at yet, to be attached later.
#pragma once

#include <QJsonObject>
#include <functional>

#include "base/error.h"

namespace botbottle {

// Starts the client of an `attach` reply (with `tty`) on a pseudo-terminal of our own and lets go
// of it as soon as `started` says that the session is there. What the session shows meanwhile is
// kept by the bottle for whoever attaches.
Result<void> start_detached_session(const QJsonObject& attach_reply,
                                    const std::function<bool()>& started);

}  // namespace botbottle
