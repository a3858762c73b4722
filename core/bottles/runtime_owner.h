// Which home a runtime directory belongs to. All homes of one user share the runtime root
// (BOT_BOTTLE_HOME, sudo with another HOME), and none of them may tidy up after another.
#pragma once

#include <QString>
#include <set>

#include "base/error.h"
#include "bottles/home.h"

namespace botbottle {

// Leaves in `runtime_dir` where the bottle's state is.
Result<void> sign_runtime_directory(const QString& runtime_dir, const QString& state_dir);

// The identities below the runtime root whose state another home has. One whose state is gone
// belongs to nobody.
std::set<QString> bottles_of_other_homes(const Home& home);

}  // namespace botbottle
