// The unified diff of one file, made by diffutils' `diff`.
#pragma once

#include <QByteArray>
#include <string>

namespace botbottle::cli {

// Either descriptor may be -1: no such file. What an agent wrote is data here: `diff` reads two
// open files, and knows no configuration. Empty when there is no `diff` on this machine.
QByteArray unified_diff(int before, int after, const std::string& label);

}  // namespace botbottle::cli
