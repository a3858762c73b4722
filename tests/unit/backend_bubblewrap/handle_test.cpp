#include "handle.h"

#include <nlohmann/json.hpp>

#include "bottle_limits.h"
#include "scratch.h"

namespace backend_bubblewrap {
namespace {

TEST(Handle, IsReadBackAsItWas) {
    Handle handle;
    handle.bwrap = "/usr/bin/bwrap";
    handle.owner = {0x70000001, 0x70000002};
    handle.user_namespace = false;
    handle.pids = 12;
    handle.program.binds = {{"/a", "/b"}};
    handle.program.links = {{"/c", "/d"}};
    const Handle read = handle_of({{"handle", to_json(handle)}});
    EXPECT_EQ(to_json(read), to_json(handle));
    EXPECT_EQ(read.owner_inside().uid, 0x70000001u);
    handle.user_namespace = true;
    EXPECT_EQ(handle.owner_inside().uid, 1000u);
}

TEST(Limits, WarnOfWhatWillNotHold) {
    EXPECT_TRUE(limits_of(Json::object(), true).warnings.empty());
    EXPECT_TRUE(limits_of({{"limits", {{"memory", nullptr}}}}, true).warnings.empty());
    const Limits limits =
        limits_of({{"limits", {{"memory", 1000}, {"cpus", 2}, {"disk", 3}, {"pids", 64}}}}, true);
    EXPECT_EQ(limits.warnings.size(), pids_limit_holds(true) ? 3u : 4u);
    EXPECT_EQ(limits.pids, pids_limit_holds(true) ? 64u : 0u);
    EXPECT_EQ(code_of([] { limits_of({{"limits", {{"pids", 0}}}}, true); }), "invalid_request");
    EXPECT_EQ(code_of([] {
                  limits_of({{"limits", {{"pids", 10000000}}}}, true);
              }),
              "invalid_request");
    EXPECT_EQ(code_of([] { limits_of({{"limits", 1}}, true); }), "invalid_request");
}

}  // namespace
}  // namespace backend_bubblewrap
