// A route that is granted for always, in its bottle's file: as text, so that comments and order
// stay and the operator is shown exactly the lines that change. Pure.
#pragma once

#include <QJsonObject>
#include <QString>
#include <string>

#include "base/error.h"

namespace botbottle {

// `text` is the file's, `route` a granted route as the policy has it, with `auth.token_ref` in the
// place of a slot. A route of that host is replaced; else it becomes the last one. Error
// `not_in_block_style` where the file's routes are written in braces: the hint has the lines to add
// by hand.
Result<std::string> with_route_in_file(const std::string& text, const QString& file,
                                       const QJsonObject& route);

}  // namespace botbottle
