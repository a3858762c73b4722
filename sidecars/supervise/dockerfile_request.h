// What an agent proposes as its image, checked and made canonical. Pure.
//
// The text is not parsed for what it does: a build runs commands, and only the operator's yes
// starts one. Refused is what would make the shown text another than the built one.
#pragma once

#include "base/error.h"
#include "supervise/document.h"

namespace botbottle::supervise {

// {dockerfile}. Error `invalid_arguments`.
Result<Json> canonical_dockerfile(const Json& arguments);

}  // namespace botbottle::supervise
