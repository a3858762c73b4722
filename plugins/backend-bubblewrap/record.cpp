#include "record.h"

#include <nlohmann/json.hpp>

#include "handle.h"
#include "host-bottle/fail.h"
#include "host-bottle/files.h"

namespace backend_bubblewrap {
namespace {

constexpr const char* kSchema = "botbottle.bubblewrap/1";

Json to_json(const ProcessName& name) {
    return {{"pid", name.pid}, {"start_time", name.start_time}};
}

ProcessName process_of(const Json& document) {
    return {document.at("pid").get<pid_t>(), document.at("start_time").get<std::uint64_t>()};
}

}  // namespace

void write_record(const std::string& path, const Record& record) {
    const Json document = {{"schema", kSchema},
                           {"identity", record.identity},
                           {"relay", to_json(record.relay)},
                           {"monitor", to_json(record.monitor)},
                           {"libexec_dir", record.libexec_dir}};
    replace_file(path, document.dump() + "\n");
}

std::optional<Record> read_record(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return std::nullopt;
    const Json document = Json::parse(*text, nullptr, false);
    try {
        Record record{{process_of(document.at("relay")), process_of(document.at("monitor"))},
                      document.at("identity").get<std::string>(),
                      absolute_path(document, "libexec_dir")};
        const bool sound = document.at("schema") == kSchema && is_identity(record.identity) &&
                           record.relay.pid > 1 && record.monitor.pid > 1;
        if (sound) return record;
    } catch (const Json::exception&) {
        // Falls through: whatever is wrong with it, it is not a record.
    }
    fail("bad_record", path + " is not a record of this backend",
         "see which process of the bottle runs, end it, and remove the file");
}

void add_to_handle(Json& handle, const BottleProcesses& processes) {
    handle["relay"] = to_json(processes.relay);
    handle["monitor"] = to_json(processes.monitor);
}

std::optional<BottleProcesses> processes_in(const Json& handle) {
    if (!handle.contains("relay")) return std::nullopt;
    return BottleProcesses{process_of(handle.at("relay")), process_of(handle.at("monitor"))};
}

}  // namespace backend_bubblewrap
