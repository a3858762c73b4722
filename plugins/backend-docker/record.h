// The record of a running bottle, backend.json in its place: written before the relay is told to go
// on, removed when the bottle is seen to have ended. The process is in the handle that core keeps,
// too, because a runtime directory may go before its bottle does.
#pragma once

#include <optional>
#include <string>

#include "handle.h"
#include "host-bottle/process.h"

namespace backend_docker {

struct Record {
    std::string identity;
    std::string engine;
    std::string container;  // its id
    ProcessName relay;      // the container's pid 1, as this host numbers it
    std::string libexec_dir;
};

void write_record(const std::string& path, const Record& record);

// Nothing without the file. A file that is not a record is an error: it is not guessed at.
std::optional<Record> read_record(const std::string& path);

// The same for lists: one damaged record must not hide all other bottles.
std::optional<Record> sound_record(const Bottle& bottle);

void add_to_handle(Json& handle, const Record& record);

// Nothing in the handle of a bottle that was never launched.
std::optional<ProcessName> relay_in(const Json& handle);

}  // namespace backend_docker
