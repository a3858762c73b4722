// Where sockets live: a short path that only the user can enter, gone after a reboot.
#pragma once

#include <string>

#include "base/error.h"

namespace botbottle::files {

// $XDG_RUNTIME_DIR/botbottle when that directory is the user's own and short enough for socket
// paths, otherwise /tmp/botbottle-<uid>. Names it without touching it.
std::string runtime_root();

// Creates the root and `<root>/<name>`, and refuses a root that someone else put there.
Result<std::string> make_runtime_directory(const std::string& name);

}  // namespace botbottle::files
