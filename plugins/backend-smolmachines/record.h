// <state_dir>/machine/backend.json: which machine a bottle runs in, for a process that knows no
// more than the bottle's name.
#pragma once

#include <optional>
#include <string>

#include "handle.h"
#include "host-bottle/process.h"

namespace backend_smolmachines {

struct Record {
    std::string identity;
    std::string machine;
    std::optional<ProcessName> process;  // smolvm's own for this machine; macOS has no start times
    std::string libexec_dir;
};

void write_record(const std::string& path, const Record& record);

// Nothing when there is none; throws for one that is damaged.
std::optional<Record> read_record(const std::string& path);
std::optional<Record> sound_record(const std::string& path);

}  // namespace backend_smolmachines
