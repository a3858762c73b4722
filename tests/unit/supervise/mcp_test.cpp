#include "supervise/mcp.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

#include "supervise/pages.h"
#include "supervise/service.h"

namespace botbottle::supervise {
namespace {

class Mcp : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/mcp-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        path_ = name;
        record_ = memfd_create("record", MFD_CLOEXEC);
        auto queue = Queue::open(
            control::Descriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
        Settings settings;
        settings.identity = "dev-abc12";
        settings.policy = Json::parse(R"({"revision": 7, "routes": [{"host": "a.example",
            "ports": [443], "auth": {"scheme": "Bearer", "slot": "egress.a"}, "owner": "bottle"}]})");
        settings.base = {{"revision", 7}};
        service_ = std::make_unique<Service>(io_, std::move(settings), *std::move(queue),
                                             *audit::AuditLog::open(record_, "supervise"));
    }
    void TearDown() override {
        service_.reset();
        close(record_);
        std::filesystem::remove_all(path_);
    }

    Json answer(const char* text) {
        const Reply reply = answer_message(*service_, Json::parse(text));
        return reply.message.value_or(Json());
    }
    int error(const char* text) { return answer(text)["error"]["code"]; }

    asio::io_context io_;
    std::filesystem::path path_;
    int record_ = -1;
    std::unique_ptr<Service> service_;
};

TEST_F(Mcp, AgreesOnAVersionThatBothKnow) {
    for (const char* version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
        const std::string text = R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":)"
                                 R"({"protocolVersion":")" +
                                 std::string(version) + "\"}}";
        EXPECT_EQ(answer(text.c_str())["result"]["protocolVersion"], version);
    }
    EXPECT_EQ(answer(R"({"id":1,"method":"initialize"})")["result"]["protocolVersion"],
              "2025-11-25");
}

TEST_F(Mcp, AnswersTheProbeOfANewerClientAtOnce) {
    EXPECT_EQ(error(R"({"id":"server-discover-probe-1","method":"server/discover"})"),
              kMethodNotFound);
}

TEST_F(Mcp, OffersOnlyWhatDoesSomething) {
    std::string names;
    const Json list = answer(R"({"id":1,"method":"tools/list"})");
    for (const Json& tool : list["result"]["tools"]) {
        names += tool["name"].get<std::string>() + " ";
        EXPECT_EQ(tool["inputSchema"]["type"], "object");
        EXPECT_TRUE(tool["inputSchema"]["required"].is_array());
    }
    EXPECT_EQ(names, "egress-block list-egress-routes check-proposal ");
}

TEST_F(Mcp, RefusesWhatIsNoRequest) {
    for (const char* bad : {R"(1)", R"("x")", R"({"id":1})", R"({"id":{},"method":"ping"})",
                            R"({"id":[[]],"method":"ping"})", R"({"id":1,"method":2})"})
        EXPECT_EQ(error(bad), kInvalidRequest) << bad;
    EXPECT_EQ(error(R"({"id":1,"method":"tools/call","params":{"name":"rm"}})"), kInvalidParams);
    EXPECT_EQ(answer(R"({"method":"notifications/initialized"})"), Json());
}

TEST_F(Mcp, AProposalWaitsAndIsKept) {
    const Reply reply = answer_message(*service_, Json::parse(R"({"id":5,"method":"tools/call",
        "params":{"name":"egress-block","_meta":{"progressToken":9},
                  "arguments":{"host":"b.example","justification":"why"}}})"));
    ASSERT_TRUE(reply.call);
    EXPECT_EQ(reply.progress_token, 9);
    ASSERT_TRUE(service_->is_open(reply.call->waits_for));
    EXPECT_EQ(answer_about(*service_, reply.call->waits_for).answer["status"], "pending");
}

TEST_F(Mcp, RoutesAreShownWithoutSlotOrOwner) {
    const std::string text =
        answer(R"({"id":1,"method":"tools/call","params":{"name":"list-egress-routes"}})").dump();
    EXPECT_NE(text.find("Bearer"), std::string::npos);
    EXPECT_EQ(text.find("egress.a"), std::string::npos);
    EXPECT_EQ(text.find("owner"), std::string::npos);
}

TEST_F(Mcp, PagesSayTheSame) {
    EXPECT_EQ(answer_page(*service_, {"GET", "/", ""}).status, 200);
    EXPECT_EQ(answer_page(*service_, {"GET", "/routes", ""}).result.answer["revision"], 7);
    EXPECT_EQ(answer_page(*service_, {"POST", "/proposals", "nonsense"}).status, 400);
    EXPECT_EQ(answer_page(*service_, {"POST", "/proposals?wait=x", "{}"}).status, 400);
    EXPECT_EQ(answer_page(*service_, {"GET", "/proposals/..%2f..", ""}).status, 404);
    EXPECT_EQ(answer_page(*service_, {"DELETE", "/proposals", ""}).status, 405);
    const Page page = answer_page(
        *service_, {"POST", "/proposals?wait=3", R"({"host":"c.example","justification":"w"})"});
    EXPECT_EQ(page.result.budget.count(), 3);
    EXPECT_TRUE(service_->is_open(page.result.waits_for));
}

}  // namespace
}  // namespace botbottle::supervise
