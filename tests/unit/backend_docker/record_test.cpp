#include "record.h"

#include <unistd.h>

#include "containers.h"
#include "scratch.h"

namespace backend_docker {
namespace {

using Records = host_bottle::Scratch;

TEST_F(Records, AreReadBack) {
    const std::string path = root_ + "/backend.json";
    EXPECT_FALSE(read_record(path));
    write_record(path, {"coder-ab12c", "unix:///e.sock", "abc123", {10, 111}, "/libexec"});
    const auto record = read_record(path);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->identity, "coder-ab12c");
    EXPECT_EQ(record->engine, "unix:///e.sock");
    EXPECT_EQ(record->container, "abc123");
    EXPECT_EQ(record->relay.pid, 10);
    EXPECT_EQ(record->relay.start_time, 111u);
    EXPECT_EQ(record->libexec_dir, "/libexec");
}

TEST_F(Records, AreNotGuessedAt) {
    for (const char* const text :
         {"", "{}", "[]", "not json", R"({"schema": "botbottle.bubblewrap/1"})"}) {
        const std::string path = make("r/backend.json", text);
        EXPECT_EQ(host_bottle::code_of([&] { read_record(path); }), "bad_record") << text;
    }
}

TEST_F(Records, HaveTheirProcessInTheHandleToo) {
    Handle handle{"unix:///e.sock", Placement::host, "sha256:1", {5, 6}, Json::object()};
    Json document = to_json(handle);
    EXPECT_FALSE(relay_in(document)) << "prepared, not launched";
    add_to_handle(document, {"a", "unix:///e.sock", "abc", {10, 111}, "/l"});
    EXPECT_EQ(relay_in(document)->pid, 10);
    EXPECT_EQ(handle_of({{"handle", document}}).image, "sha256:1");
    EXPECT_EQ(handle_of({{"handle", document}}).owner.gid, 6u);
}

TEST(Containers, AreOursByLabelsAndNameTogether) {
    const std::string owner = owner_label("/h/state");
    FoundContainer container{"id", "botbottle-a-12345", "a-12345", owner, "running", 1};
    EXPECT_TRUE(is_ours(container));
    FoundContainer other = container;
    other.name = "botbottle-b-12345";
    EXPECT_FALSE(is_ours(other));
    other = container;
    other.owner = std::to_string(geteuid() + 1) + ":/h/state";
    EXPECT_FALSE(is_ours(other));
    other = container;
    other.identity.clear();
    EXPECT_FALSE(is_ours(other));
    other = container;
    other.owner.clear();
    EXPECT_FALSE(is_ours(other));
}

}  // namespace
}  // namespace backend_docker
