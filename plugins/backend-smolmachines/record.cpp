#include "record.h"

#include "host-bottle/fail.h"

namespace backend_smolmachines {
namespace {

constexpr const char* kSchema = "botbottle.smolmachines/1";

}  // namespace

void write_record(const std::string& path, const Record& record) {
    Json process;
    if (record.process)
        process = {{"pid", record.process->pid}, {"start_time", record.process->start_time}};
    const Json document = {{"schema", kSchema},
                           {"identity", record.identity},
                           {"machine", record.machine},
                           {"process", process},
                           {"libexec_dir", record.libexec_dir}};
    replace_file(path, document.dump() + "\n");
}

std::optional<Record> read_record(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return std::nullopt;
    const Json document = Json::parse(*text, nullptr, false);
    try {
        Record record;
        document.at("identity").get_to(record.identity);
        document.at("machine").get_to(record.machine);
        const Json& process = document.at("process");
        if (!process.is_null())
            record.process = ProcessName{process.at("pid").get<pid_t>(),
                                         process.at("start_time").get<std::uint64_t>()};
        record.libexec_dir = absolute_path(document, "libexec_dir");
        const bool sound = document.at("schema") == kSchema && is_identity(record.identity) &&
                           (!record.process || record.process->pid > 1);
        if (sound) return record;
    } catch (const Json::exception&) {
        // Falls through: whatever is wrong with it, it is not a record.
    }
    fail("bad_record", path + " is not a record of this backend",
         "see with `smolvm machine ls` which machine the bottle has, delete it, and remove the "
         "file");
}

std::optional<Record> sound_record(const std::string& path) {
    try {
        return read_record(path);
    } catch (const OperationError&) {
        return std::nullopt;
    }
}

}  // namespace backend_smolmachines
