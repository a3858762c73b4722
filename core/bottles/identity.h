// Identities: `<agent>-<5 base36>`, the name of one running or preserved bottle.
#pragma once

#include <QString>

namespace botbottle {

// A new one, from the kernel's random numbers. A long base is cut: identities are parts of socket
// paths, which hold 107 bytes.
QString new_identity(const QString& base);

// Whether `text` is one; anything else must not become part of a path.
bool is_identity(const QString& text);

}  // namespace botbottle
