#include "container_limits.h"
#include "scratch.h"

namespace backend_docker {
namespace {

Limits read(const Json& limits, std::size_t expected_warnings = 0) {
    std::vector<std::string> warnings;
    const Limits result = limits_of({{"limits", limits}}, warnings);
    EXPECT_EQ(warnings.size(), expected_warnings);
    return result;
}

TEST(Limits, AreTaken) {
    const Limits none = read(Json::object());
    EXPECT_EQ(none.cpus, 0);
    EXPECT_EQ(none.memory, 0);
    EXPECT_EQ(none.pids, kDefaultPids);
    EXPECT_EQ(read({{"memory", nullptr}}).memory, 0);
    const Limits all = read({{"cpus", 0.5}, {"memory", 64 << 20}, {"pids", 40}, {"disk", 1}}, 1);
    EXPECT_EQ(all.cpus, 0.5);
    EXPECT_EQ(all.memory, 64 << 20);
    EXPECT_EQ(all.pids, 40);
    const Limits back = limits_from(to_json(all));
    EXPECT_EQ(to_json(back), to_json(all));
}

TEST(Limits, AreRefusedWhenNoEngineTakesThem) {
    for (const Json& limits : {Json{{"cpus", 0}}, Json{{"cpus", -1}}, Json{{"pids", 0}},
                               Json{{"pids", 10'000'000}}, Json(1)}) {
        EXPECT_EQ(host_bottle::code_of([&] { read(limits); }), "invalid_request") << limits;
    }
    EXPECT_EQ(host_bottle::code_of([] { read({{"memory", 4096}}); }), "limit_too_low");
}

}  // namespace
}  // namespace backend_docker
