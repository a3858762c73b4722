// The bottle's /etc: made from nothing, read-only inside. It names one user, no other host and no
// resolver.
#pragma once

#include <string>
#include <vector>

#include "files.h"

namespace host_bottle {

// Files of `directory`: who is who and what is where, without a resolver.
constexpr const char* kNameFiles[] = {"passwd",   "group",         "hosts",
                                      "hostname", "nsswitch.conf", "host.conf"};
// And directories for the certificates that the bottle trusts, which come once it runs.
constexpr const char* kTrustDirectories[] = {"botbottle", "ssl/certs"};

// Makes these, and `directory` when it is missing. `owner` is the agent as the bottle sees it.
void make_names(const std::string& directory, Owner owner, const std::string& hostname);

// A whole /etc, with what programs of this host's /usr need besides.
void make_etc(const std::string& directory, Owner owner, const std::string& hostname);

// What of the host's own /etc is seen besides, read-only: links and settings that programs below
// /usr need, and that say nothing about this host. Existing paths only.
std::vector<std::string> host_etc();

}  // namespace host_bottle
