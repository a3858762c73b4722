// The directories through which host and machine pass files: `in`, read-only in there, and `out`.
// And the file by which `botbottle-machine-session` finds a machine: what the session socket is to
// other backends.
#pragma once

#include <string>
#include <vector>

#include "handle.h"

namespace backend_smolmachines {

// A machine runs eight commands at a time and lets the ninth wait. Sessions may have six of them,
// so that the two that are left are always there for signals, lists and the end.
constexpr int kSessionSlots = 6;
constexpr int kControlSlots = 1;
constexpr const char* kSessionSlot = "session";

struct Contact {
    std::string smolvm;
    std::string machine;
    std::string user;
    std::string place;  // Bottle::place
    std::vector<std::string> environment;

    std::string requests() const { return place + "/in/requests"; }
    std::string results() const { return place + "/out"; }
    std::string slots() const { return place + "/slots"; }
};

// The relay, the session client and the machine's helper, the system call filter, and the
// directories. Programs for the machine lie in <libexec>/machine where the host's own do not run
// there (macOS).
void make_exchange(const Bottle& bottle);

void write_contact(const Bottle& bottle, const Handle& handle,
                   const std::vector<std::string>& environment);
Contact read_contact(const std::string& file);

// Of a session, in two directories: what it was asked for, and how it ended.
std::string request_file(const Contact& contact, const std::string& session);
std::string result_file(const Contact& contact, const std::string& session);

// One of `count` locks of that kind, held as long as the descriptor is open; empty when all are
// taken.
UniqueFd take_slot(const Contact& contact, const char* kind, int count);

// Makes the slot that of a session, and removes the files of the one that had it before and was
// killed.
void claim_slot(const Contact& contact, const UniqueFd& slot, const std::string& session);

// Removes what killed sessions left.
void remove_stale_files(const Contact& contact);

// Bottle::place and all in it, but for /etc.
void remove_exchange(const Bottle& bottle);

}  // namespace backend_smolmachines
