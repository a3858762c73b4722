// `git-gate.user`, which bottles and agents have in common.
#pragma once

#include "manifest/manifest.h"
#include "manifest/reader.h"

namespace botbottle {

// `git_gate` is the reader of the mapping `git-gate`. At least one of name and email must be there.
GitIdentity read_git_identity(MapReader& git_gate, Problems& problems);

// Field by field: what `over` leaves empty stays.
void merge_identity(GitIdentity& into, const GitIdentity& over);

}  // namespace botbottle
