// Whose bottles these are: an ordinary user's, in a user namespace, or root's, as users of their
// own (docs/decisions/0002-root-bottles-run-unprivileged.md).
#pragma once

#include <string>
#include <string_view>

#include "files.h"

namespace host_bottle {

// True for root where the uids of bottles exist. Root of a container that was mapped to an ordinary
// user has no other users to become: its bottles are made like that user's.
bool is_host_root();

// The host user of a bottle: root's bottles each have one of their own, always the same.
Owner owner_for(const std::string& identity);

// Whether a /proc/PID/uid_map maps all uids that bottles of root can have.
bool maps_bottle_uids(std::string_view uid_map);

}  // namespace host_bottle
