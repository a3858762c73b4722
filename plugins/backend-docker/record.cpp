#include "record.h"

#include "host-bottle/fail.h"

namespace backend_docker {
namespace {

constexpr const char* kSchema = "botbottle.docker/1";

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
                           {"engine", record.engine},
                           {"container", record.container},
                           {"relay", to_json(record.relay)},
                           {"libexec_dir", record.libexec_dir}};
    replace_file(path, document.dump() + "\n");
}

std::optional<Record> read_record(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return std::nullopt;
    const Json document = Json::parse(*text, nullptr, false);
    try {
        Record record{document.at("identity").get<std::string>(),
                      document.at("engine").get<std::string>(),
                      document.at("container").get<std::string>(), process_of(document.at("relay")),
                      absolute_path(document, "libexec_dir")};
        const bool sound = document.at("schema") == kSchema && is_identity(record.identity) &&
                           record.relay.pid > 1;
        if (sound) return record;
    } catch (const Json::exception&) {
        // Falls through: whatever is wrong with it, it is not a record.
    }
    fail("bad_record", path + " is not a record of this backend",
         "see which container of the bottle runs, end it, and remove the file");
}

std::optional<Record> sound_record(const Bottle& bottle) {
    try {
        return read_record(bottle.record());
    } catch (const OperationError&) {
        return std::nullopt;
    }
}

void add_to_handle(Json& handle, const Record& record) {
    handle["container"] = record.container;
    handle["relay"] = to_json(record.relay);
}

std::optional<ProcessName> relay_in(const Json& handle) {
    if (!handle.contains("relay")) return std::nullopt;
    return process_of(handle.at("relay"));
}

}  // namespace backend_docker
