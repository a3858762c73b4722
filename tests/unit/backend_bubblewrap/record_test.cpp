#include "record.h"

#include <nlohmann/json.hpp>

#include "scratch.h"

namespace backend_bubblewrap {
namespace {

using Records = Scratch;

TEST_F(Records, AreReadBack) {
    const std::string path = root_ + "/backend.json";
    EXPECT_FALSE(read_record(path));
    write_record(path, {{{10, 111}, {11, 222}}, "agent-ab12c", "/libexec"});
    const auto record = read_record(path);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->identity, "agent-ab12c");
    EXPECT_EQ(record->relay.pid, 10);
    EXPECT_EQ(record->relay.start_time, 111u);
    EXPECT_EQ(record->monitor.pid, 11);
    EXPECT_EQ(record->libexec_dir, "/libexec");
}

TEST_F(Records, HaveTheirProcessesInTheHandleToo) {
    nlohmann::json handle = {{"bwrap", "/usr/bin/bwrap"}};
    EXPECT_FALSE(processes_in(handle)) << "prepared, not launched";
    add_to_handle(handle, {{10, 111}, {11, 222}});
    const auto read = processes_in(handle);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->relay.pid, 10);
    EXPECT_EQ(read->monitor.start_time, 222u);
    EXPECT_EQ(handle.at("bwrap"), "/usr/bin/bwrap");
}

TEST_F(Records, AreNotGuessedAt) {
    const std::string good =
        "{\"schema\": \"botbottle.bubblewrap/1\", \"identity\": \"a\", \"relay\": {\"pid\": 10, "
        "\"start_time\": 1}, \"monitor\": {\"pid\": 11, \"start_time\": 2}, "
        "\"libexec_dir\": \"/l\"}";
    const std::string path = make("backend.json", good, 0600);
    ASSERT_TRUE(read_record(path));
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string changed = good;
        changed.replace(changed.find(from), from.size(), to);
        return changed;
    };
    // pid 1 and -1 are not a process but all of them.
    for (const std::string& bad :
         {std::string(), std::string("{"), std::string("null"), with("/1\"", "/2\""),
          with("\"pid\": 10", "\"pid\": -1"), with("\"pid\": 10", "\"pid\": 1"),
          with("\"pid\": 11", "\"pid\": \"x\""), with("\"a\"", "\"../a\""),
          with("\"/l\"", "\"l\"")}) {
        make("backend.json", bad, 0600);
        const std::string code = code_of([&] { read_record(path); });
        EXPECT_NE(code, "") << bad;
    }
}

}  // namespace
}  // namespace backend_bubblewrap
