// The record of a running bottle, <runtime_dir>/backend.json: written before the relay is told to
// go on, removed when the bottle is seen to have ended. Whoever finds a runtime directory finds its
// process. The same names are in the handle that core keeps, because a runtime directory may go
// before its bottle does: with the operator's logout, or to a cleaner of /tmp.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "handle.h"
#include "host-bottle/process.h"

namespace backend_bubblewrap {

struct BottleProcesses {
    ProcessName relay;    // pid 1 of the bottle, as the host numbers it
    ProcessName monitor;  // bwrap, which waits for it
};

struct Record : BottleProcesses {
    std::string identity;
    std::string libexec_dir;
};

void write_record(const std::string& path, const Record& record);

// Nothing without the file. A file that is not a record is an error: it is not guessed at.
std::optional<Record> read_record(const std::string& path);

void add_to_handle(nlohmann::json& handle, const BottleProcesses& processes);

// Nothing in the handle of a bottle that was never launched.
std::optional<BottleProcesses> processes_in(const nlohmann::json& handle);

}  // namespace backend_bubblewrap
