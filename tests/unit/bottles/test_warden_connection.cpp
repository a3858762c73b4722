#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <QJsonArray>
#include <QJsonDocument>
#include <array>
#include <string>
#include <thread>

#include "bottles/warden_connection.h"

namespace botbottle {
namespace {

class WardenConnectionTest : public ::testing::Test {
  protected:
    void SetUp() override {
        int ends[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        connection_.emplace(UniqueFd(ends[0]));
        warden_.reset(ends[1]);
    }

    void answer(const std::string& bytes) {
        ASSERT_EQ(write(warden_.get(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
    }

    // Everything up to the end of the line.
    QJsonObject request() {
        std::array<char, 65536> piece;
        std::size_t end = std::string::npos;
        while ((end = received_.find('\n')) == std::string::npos) {
            const ssize_t count = read(warden_.get(), piece.data(), piece.size());
            if (count <= 0) break;
            received_.append(piece.data(), static_cast<std::size_t>(count));
        }
        last_line_ = received_.substr(0, end);
        received_.erase(0, end == std::string::npos ? end : end + 1);
        return QJsonDocument::fromJson(QByteArray::fromStdString(last_line_)).object();
    }

    std::optional<WardenConnection> connection_;
    UniqueFd warden_;
    std::string received_;
    std::string last_line_;
};

TEST_F(WardenConnectionTest, AsksAndGetsTheResultPastEvents) {
    answer("{\"event\": \"sidecar.died\"}\n{\"id\": 1, \"result\": {\"pid\": 7}}\n");
    const auto result =
        connection_->call(QStringLiteral("status"), {{QStringLiteral("a"), 1}}, 1000);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->value(QStringLiteral("pid")).toInt(), 7);
    const QJsonObject asked = request();
    EXPECT_EQ(asked.value(QStringLiteral("method")).toString(), QStringLiteral("status"));
    EXPECT_EQ(asked.value(QStringLiteral("id")).toInt(), 1);
    EXPECT_EQ(asked.value(QStringLiteral("params")).toObject().value(QStringLiteral("a")).toInt(),
              1);
}

TEST_F(WardenConnectionTest, PassesItsErrorsOn) {
    answer(
        "{\"id\": 1, \"error\": {\"code\": \"bad_policy\", \"message\": \"no\", \"hint\": "
        "\"try\"}}\n");
    const auto result = connection_->call(QStringLiteral("x"), {}, 1000);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "bad_policy");
    EXPECT_EQ(result.error().message, "no");
    EXPECT_EQ(result.error().hint, "try");
}

TEST_F(WardenConnectionTest, DoesNotWaitForEver) {
    const auto result = connection_->call(QStringLiteral("x"), {}, 50);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "timeout");
}

TEST_F(WardenConnectionTest, NoticesThatItHasGone) {
    warden_.reset();
    EXPECT_EQ(connection_->call(QStringLiteral("x"), {}, 1000).error().code, "warden_gone");
}

TEST_F(WardenConnectionTest, RefusesWhatIsNoAnswer) {
    answer("nonsense\n");
    EXPECT_EQ(connection_->receive(1000).error().code, "bad_answer");
}

TEST_F(WardenConnectionTest, WritesSecretsIntoTheStartMessage) {
    std::map<std::string, Secret> secrets;
    secrets.emplace("provider.x.token", Secret("a\"b\\c\x01\xc3\xa9"));
    secrets.emplace("egress.host", Secret("plain"));
    ASSERT_TRUE(connection_->send_start({{QStringLiteral("identity"), QStringLiteral("a-12345")}},
                                        secrets));
    const QJsonObject params = request().value(QStringLiteral("params")).toObject();
    EXPECT_EQ(params.value(QStringLiteral("identity")).toString(), QStringLiteral("a-12345"));
    const QJsonObject sent = params.value(QStringLiteral("secrets")).toObject();
    EXPECT_EQ(sent.value(QStringLiteral("egress.host")).toString(), QStringLiteral("plain"));
    EXPECT_EQ(sent.value(QStringLiteral("provider.x.token")).toString().toStdString(),
              "a\"b\\c\x01\xc3\xa9");
}

TEST_F(WardenConnectionTest, SendsNoSecretsAsAnEmptyObject) {
    ASSERT_TRUE(
        connection_->send_start({{QStringLiteral("identity"), QStringLiteral("a-12345")}}, {}));
    const QJsonObject params = request().value(QStringLiteral("params")).toObject();
    EXPECT_TRUE(params.value(QStringLiteral("secrets")).isObject());
}

TEST_F(WardenConnectionTest, WaitsForTheEnd) {
    EXPECT_EQ(connection_->wait_for_end(50).error().code, "timeout");
    answer("{\"id\": 1, \"result\": {}}\n");
    warden_.reset();
    EXPECT_TRUE(connection_->wait_for_end(1000));
}

// A megabyte does not fit into the socket's buffer: the writer must wait for the reader.
TEST_F(WardenConnectionTest, SendsMoreThanTheSocketHolds) {
    std::map<std::string, Secret> secrets;
    secrets.emplace("big", Secret(std::string(1'000'000, 'x')));
    std::thread reader([this] { request(); });
    EXPECT_TRUE(connection_->send_start({{QStringLiteral("identity"), QStringLiteral("a-12345")}},
                                        secrets));
    reader.join();
    EXPECT_GT(last_line_.size(), 1'000'000u);
}

}  // namespace
}  // namespace botbottle
