// The operator's editor, on the terminal.
#pragma once

#include <QString>

#include "base/error.h"

namespace botbottle::cli {

// $VISUAL, else $EDITOR, else vi; run by sh, because it may have arguments. Returns when it has
// ended; error `editor_failed` when it could not be started or did not end with 0.
Result<void> open_in_editor(const QString& file);

}  // namespace botbottle::cli
