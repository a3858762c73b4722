// Two ends on a socket pair: order of answers, refusals, ends.
#include "control/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "control/methods.h"

namespace botbottle::control {
namespace {

using namespace std::chrono_literals;

struct Pair {
    Pair() {
        int fds[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) std::abort();
        left = Descriptor(fds[0]);
        right = Descriptor(fds[1]);
    }
    Descriptor left;
    Descriptor right;
};

class ConnectionTest : public ::testing::Test {
  protected:
    // A peer on `socket` whose handlers are `methods`, and whose end is written down.
    std::shared_ptr<Connection> open(Descriptor socket, Methods methods = {}) {
        return Connection::open(io_, std::move(socket),
                                {std::move(methods),
                                 [this](std::string_view event, const Json& params) {
                                     events_.push_back(std::string(event) + params.dump());
                                 },
                                 [this](const Error& reason) { ended_.push_back(reason.code); }});
    }

    void run() {
        io_.restart();
        io_.run_for(200ms);
    }

    boost::asio::io_context io_;
    Pair sockets_;
    std::vector<std::string> events_;
    std::vector<std::string> ended_;
};

TEST_F(ConnectionTest, CallsAreAnswered) {
    Methods methods;
    methods.on("double", [](Json& params, const Reply& reply) {
        reply.result({{"value", params["value"].get<int>() * 2}});
    });
    methods.on("fail", [](Json&, const Reply& reply) {
        reply.error({"broken", "why", "what next"});
    });
    methods.on("drop", [](Json&, const Reply&) {});
    methods.on("throw", [](Json& params, const Reply&) { (void)params.at("missing"); });
    const auto server = open(std::move(sockets_.left), std::move(methods));
    const auto client = open(std::move(sockets_.right));
    std::vector<std::string> answers;
    const auto note = [&](const Result<Json>& answer) {
        answers.push_back(answer ? answer->dump() : answer.error().code);
    };
    client->call("double", {{"value", 21}}, note);
    for (const char* method : {"fail", "drop", "throw", "nothing"})
        client->call(method, Json::object(), note);
    run();
    EXPECT_EQ(answers, (std::vector<std::string>{"{\"value\":42}", "broken", "internal", "internal",
                                                 "unknown_method"}));
}

TEST_F(ConnectionTest, AnswersKeepTheOrderOfTheRequests) {
    std::vector<Reply> waiting;
    Methods methods;
    methods.on("later", [&](Json&, const Reply& reply) { waiting.push_back(reply); });
    methods.on("now", [](Json&, const Reply& reply) { reply.result("now"); });
    const auto server = open(std::move(sockets_.left), std::move(methods));
    const auto client = open(std::move(sockets_.right));
    std::vector<std::string> answers;
    const auto note = [&](const Result<Json>& answer) {
        answers.push_back(answer->get<std::string>());
    };
    client->call("later", Json::object(), note);
    client->call("now", Json::object(), note);
    run();
    EXPECT_TRUE(answers.empty());
    ASSERT_EQ(waiting.size(), 1U);
    waiting[0].result("later");
    run();
    EXPECT_EQ(answers, (std::vector<std::string>{"later", "now"}));
}

TEST_F(ConnectionTest, EventsArriveAndNobodyAnswersThem) {
    const auto sender = open(std::move(sockets_.left));
    const auto receiver = open(std::move(sockets_.right));
    sender->notify("sidecar.died", {{"pid", 7}});
    run();
    EXPECT_EQ(events_, (std::vector<std::string>{"sidecar.died{\"pid\":7}"}));
    EXPECT_TRUE(ended_.empty());
}

TEST_F(ConnectionTest, RefusesWhatIsNotAMessage) {
    const std::string deep(100, '[');
    const struct {
        const char* what;
        std::string line;
    } cases[] = {
        {"not JSON", "hello"},
        {"empty", ""},
        {"an array", "[1]"},
        {"two documents", "{\"id\":1,\"method\":\"x\"} {}"},
        {"neither id nor event", "{\"method\":\"x\"}"},
        {"a text id", "{\"id\":\"1\",\"method\":\"x\"}"},
        {"a negative id", "{\"id\":-1,\"method\":\"x\"}"},
        {"an event that is no text", "{\"event\":1}"},
        {"bad UTF-8", "{\"event\":\"\xff\"}"},
        {"depth", "{\"event\":\"x\",\"params\":" + deep + std::string(100, ']') + "}"},
    };
    for (const auto& c : cases) {
        Pair sockets;
        ended_.clear();
        events_.clear();
        const auto server = open(std::move(sockets.left));
        const std::string line = c.line + "\n";
        ASSERT_EQ(write(sockets.right.get(), line.data(), line.size()), ssize_t(line.size()));
        run();
        EXPECT_EQ(ended_, (std::vector<std::string>{"protocol"})) << c.what;
        EXPECT_TRUE(events_.empty()) << c.what;
    }
}

TEST_F(ConnectionTest, RequestsOfTheWrongShapeAreAnswered) {
    Methods methods;
    methods.on("x", [](Json&, const Reply& reply) { reply.result(nullptr); });
    const auto server = open(std::move(sockets_.left), std::move(methods));
    for (const std::string line :
         {"{\"id\":1,\"method\":5}\n", "{\"id\":2,\"method\":\"x\",\"params\":[]}\n"}) {
        ASSERT_EQ(write(sockets_.right.get(), line.data(), line.size()), ssize_t(line.size()));
        run();
        char answer[512] = {};
        ASSERT_GT(read(sockets_.right.get(), answer, sizeof answer - 1), 0);
        EXPECT_NE(std::string(answer).find("bad_request"), std::string::npos) << answer;
    }
    EXPECT_TRUE(ended_.empty());
}

TEST_F(ConnectionTest, TheEndOfThePeerEndsOpenCalls) {
    const auto client = open(std::move(sockets_.left));
    std::string answer;
    client->call("x", Json::object(),
                 [&](const Result<Json>& result) { answer = result.error().code; });
    run();
    sockets_.right.reset();
    run();
    EXPECT_EQ(answer, "closed");
    EXPECT_EQ(ended_.size(), 1U);
    answer.clear();
    client->call("x", Json::object(),
                 [&](const Result<Json>& result) { answer = result.error().code; });
    EXPECT_EQ(answer, "") << "not from inside call()";
    run();
    EXPECT_EQ(answer, "closed");
}

TEST_F(ConnectionTest, CloseWritesFirst) {
    const auto client = open(std::move(sockets_.left));
    const std::string large(1 << 20, 'x');
    client->notify("large", {{"text", large}});
    client->close();
    const auto server = open(std::move(sockets_.right));
    for (int i = 0; i < 100 && ended_.empty(); ++i)
        run();
    ASSERT_EQ(events_.size(), 1U);
    EXPECT_GT(events_[0].size(), large.size());
    EXPECT_EQ(ended_, (std::vector<std::string>{"closed"}))
        << "of the server; the client closed itself";
}

TEST_F(ConnectionTest, CloseFromAHandler) {
    std::shared_ptr<Connection> server;
    Methods methods;
    methods.on("bye", [&server](Json&, const Reply& reply) {
        reply.result("bye");
        server->close();
    });
    server = open(std::move(sockets_.left), std::move(methods));
    const auto client = open(std::move(sockets_.right));
    std::string answer;
    client->call("bye", Json::object(),
                 [&](const Result<Json>& result) { answer = result->get<std::string>(); });
    run();
    EXPECT_EQ(answer, "bye");
    EXPECT_EQ(ended_, (std::vector<std::string>{"closed"}));
}

TEST_F(ConnectionTest, APeerThatFloodsIsLeft) {
    std::vector<Reply> waiting;
    Methods methods;
    methods.on("x", [&](Json&, const Reply& reply) { waiting.push_back(reply); });
    const auto server = open(std::move(sockets_.left), std::move(methods));
    std::string lines;
    for (int i = 0; i < 300; ++i)
        lines += "{\"id\":1,\"method\":\"x\"}\n";
    ASSERT_EQ(write(sockets_.right.get(), lines.data(), lines.size()), ssize_t(lines.size()));
    run();
    EXPECT_EQ(waiting.size(), 256U);
    EXPECT_EQ(ended_, (std::vector<std::string>{"protocol"}));
    waiting[0].result(1);  // answers nobody, and nothing breaks
}

TEST_F(ConnectionTest, APeerThatDoesNotReadIsLeft) {
    const auto server = open(std::move(sockets_.left));
    const Json large = {{"text", std::string(4 << 20, 'x')}};
    for (int i = 0; i < 6; ++i)
        server->notify("x", large);
    run();
    EXPECT_EQ(ended_, (std::vector<std::string>{"protocol"}));
}

}  // namespace
}  // namespace botbottle::control
