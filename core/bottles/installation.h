// Where this botbottle's own programs lie, found from the running program: the build tree has the
// layout of an installation.
#pragma once

#include <QString>

namespace botbottle {

QString libexec_directory();

}  // namespace botbottle
