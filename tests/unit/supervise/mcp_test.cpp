#include "supervise/mcp.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>

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
    EXPECT_EQ(names, "egress-block push-block list-egress-routes check-proposal ");
    const Json refused =
        answer(R"({"id":2,"method":"tools/call","params":{"name":"capability-block",
        "arguments":{"dockerfile":"FROM a","justification":"x"}}})");
    EXPECT_EQ(refused["error"]["code"], kInvalidParams);
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

TEST_F(Mcp, AReasonIsAttachedToAHeldPushAlone) {
    const Json question = {{"hold", "push-1"}, {"repo", "project"}, {"places", Json::array()}};
    const std::string id = service_->open_push(question)->id;
    EXPECT_EQ(service_->open_push(question)->id, id) << "the same push is the same question";
    const auto reason_of = [&](const std::string& proposal, const char* words) {
        return answer_message(
            *service_, {{"id", 1},
                        {"method", "tools/call"},
                        {"params",
                         {{"name", "push-block"},
                          {"arguments", {{"proposal_id", proposal}, {"justification", words}}}}}});
    };
    EXPECT_EQ(reason_of(id, "the tests need it").call->waits_for, id);
    std::ifstream file(path_ / (id + ".proposal.json"));
    const Json kept = Json::parse(file);
    EXPECT_EQ(kept["justification"], "the tests need it");
    EXPECT_EQ(kept["payload"], question);
    const std::string route =
        *service_->propose("egress-block", {{"host", "b.example"}}, "the agent's own");
    for (const std::string& other : {route, std::string("p-aaaaaaaa"), std::string("../x")}) {
        const auto refused = reason_of(other, "x").message;
        ASSERT_TRUE(refused) << other;
        EXPECT_EQ((*refused)["result"]["isError"], true) << other;
    }
    EXPECT_EQ(reason_of(id, "").message->at("result").at("isError"), true);
    EXPECT_EQ(answer_page(*service_, {"POST", "/proposals/" + id + "?wait=2",
                                      R"({"justification":"by curl"})"})
                  .result.waits_for,
              id);
    EXPECT_EQ(answer_page(*service_, {"POST", "/proposals/" + id, "[]"}).status, 400);
}

TEST_F(Mcp, AnApprovalOfAPushIsForOne) {
    const Json question = {{"hold", "push-1"}, {"repo", "project"}, {"places", Json::array()}};
    const std::string id = service_->open_push(question)->id;
    std::ofstream(path_ / (id + ".decision.json")) << write_document(
        to_json(Decision{id, "approved", "go", {}, "operator", "once", std::time(nullptr)}));
    const auto again = service_->open_push(question);
    EXPECT_EQ(again->id, id);
    ASSERT_TRUE(again->decision);
    EXPECT_EQ(again->decision->notes, "go");
    Json other = question;
    other["hold"] = "push-2";
    EXPECT_FALSE(service_->open_push(other)->decision);
    service_->spend_push("push-1");
    const auto later = service_->open_push(question);
    EXPECT_NE(later->id, id);
    EXPECT_FALSE(later->decision);
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
