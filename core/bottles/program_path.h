// Finds a program of the operator's, as a shell would.
#pragma once

#include <QString>

#include "base/error.h"

namespace botbottle {

// The absolute path of `name` by PATH; error `missing_program`.
Result<QString> program_path(const QString& name);

}  // namespace botbottle
