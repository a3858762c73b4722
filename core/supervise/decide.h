// The one way in which a proposal is decided: under its queue's lock, once, and written down before
// it is applied and after, so that a command that is killed in between leaves neither a decision
// that is lost nor one that is only told.
#pragma once

#include <functional>

#include "base/error.h"
#include "bottles/home.h"
#include "supervise/documents.h"

namespace botbottle {

// `apply` makes it true (null for a rejection); when it fails, the proposal is open as before and
// its error is returned. Errors: `already_decided` with what and by whom, `expired`,
// `unknown_proposal`. An approval that another command left half done is done again.
Result<void> decide(const Home& home, const Proposal& proposal, Decision decision,
                    const std::function<Result<void>()>& apply);

// The user of this process, for `decided_by`.
QString operator_name();

}  // namespace botbottle
