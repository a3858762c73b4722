// Lines, numbers and the chain: what an operator's verification relies on.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "audit/json_text.h"
#include "audit/log.h"

namespace botbottle::audit {
namespace {

std::string sha256(const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        std::array<char, 3> pair{};
        std::snprintf(pair.data(), pair.size(), "%02x", digest[i]);
        hex += pair.data();
    }
    return hex;
}

class AuditFile : public ::testing::Test {
  protected:
    void SetUp() override {
        path_ = ::testing::TempDir() + "audit-XXXXXX";
        fd_ = mkstemp(path_.data());
        ASSERT_GE(fd_, 0);
        ASSERT_EQ(fcntl(fd_, F_SETFL, O_APPEND), 0);
    }
    void TearDown() override {
        close(fd_);
        unlink(path_.c_str());
    }
    std::unique_ptr<AuditLog> open_log() {
        auto log = AuditLog::open(fd_, "egress");
        EXPECT_TRUE(log) << (log ? "" : log.error().message);
        return std::move(*log);
    }
    void append_raw(const std::string& text) {
        ASSERT_EQ(write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    std::vector<std::string> lines() {
        std::ifstream file(path_);
        std::vector<std::string> all;
        for (std::string line; std::getline(file, line);)
            all.push_back(line);
        return all;
    }
    // Every line of the plane names its predecessor's digest, and numbers rise by one.
    void expect_chain(std::size_t count) {
        std::string previous(kGenesis);
        std::uint64_t sequence = 0;
        for (const std::string& line : lines()) {
            const auto document = nlohmann::json::parse(line, nullptr, false);
            if (!document.is_object() || document.value("plane", "") != "egress") continue;
            EXPECT_EQ(document["prev"], previous) << line;
            EXPECT_EQ(document["seq"], ++sequence) << line;
            previous = sha256(line);
        }
        EXPECT_EQ(sequence, count);
    }

    std::string path_;
    int fd_ = -1;
};

Record allowed_record() {
    Record record;
    record.verdict = "allowed";
    record.rule = "route_allowed";
    record.subject = {"GET", "https", "api.example:443", "/v1/items"};
    record.route = "api.example";
    record.credential = "api.token";
    return record;
}

TEST_F(AuditFile, DecisionHasEveryMemberAndNumbersItself) {
    auto log = open_log();
    EXPECT_EQ(log->append(allowed_record()), 1u);
    ASSERT_TRUE(log->flush());
    const auto document = nlohmann::json::parse(lines().at(0));
    EXPECT_EQ(document["seq"], 1);
    EXPECT_EQ(document["plane"], "egress");
    EXPECT_EQ(document["event"], "decision");
    EXPECT_EQ(document["request"], 1);
    EXPECT_EQ(document["verdict"], "allowed");
    EXPECT_EQ(document["rule"], "route_allowed");
    EXPECT_EQ(document["subject"], "GET https://api.example:443/v1/items");
    EXPECT_EQ(document["reason"], "");
    EXPECT_EQ(document["route"], "api.example");
    EXPECT_EQ(document["credential"], "api.token");
    EXPECT_EQ(document["prev"], kGenesis);
    const std::string time = document["time"];
    EXPECT_EQ(time.size(), std::string("2026-01-02T03:04:05.678Z").size());
    EXPECT_EQ(time[10], 'T');
    EXPECT_EQ(time[19], '.');
    EXPECT_EQ(time.back(), 'Z');
}

TEST_F(AuditFile, OutcomeNamesItsDecision) {
    auto log = open_log();
    Record record = allowed_record();
    log->append(record);
    record.request = 1;
    record.outcome = Outcome{200, 10, 20, 30};
    EXPECT_EQ(log->append(record), 2u);
    ASSERT_TRUE(log->flush());
    const auto document = nlohmann::json::parse(lines().at(1));
    EXPECT_EQ(document["event"], "outcome");
    EXPECT_EQ(document["request"], 1);
    EXPECT_EQ(document["status"], 200);
    EXPECT_EQ(document["bytes_up"], 10);
    EXPECT_EQ(document["bytes_down"], 20);
    EXPECT_EQ(document["ms"], 30);
    expect_chain(2);
}

TEST_F(AuditFile, LifeEventsAreInTheSameChain) {
    auto log = open_log();
    log->append(allowed_record());
    EXPECT_EQ(log->append(LifeEvent{"sidecar_died", "egress", "signal \"9\""}), 2u);
    ASSERT_TRUE(log->flush());
    const auto document = nlohmann::json::parse(lines().at(1));
    EXPECT_EQ(document["event"], "sidecar_died");
    EXPECT_EQ(document["subject"], "egress");
    EXPECT_EQ(document["reason"], "signal \"9\"");
    expect_chain(2);
}

TEST_F(AuditFile, AbsentRouteAndCredentialAreNull) {
    auto log = open_log();
    Record record = allowed_record();
    record.route = record.credential = {};
    log->append(record);
    ASSERT_TRUE(log->flush());
    const auto document = nlohmann::json::parse(lines().at(0));
    EXPECT_TRUE(document["route"].is_null());
    EXPECT_TRUE(document["credential"].is_null());
}

TEST_F(AuditFile, HostileTextStaysOneEscapedLine) {
    auto log = open_log();
    Record record = allowed_record();
    const std::string path = "/a\n\"\\\x1b[2J\xff" + std::string(1000, 'x');
    record.subject.path = path;
    log->append(record);
    ASSERT_TRUE(log->flush());
    ASSERT_EQ(lines().size(), 1u);
    const std::string line = lines().at(0);
    for (const char c : line) {
        EXPECT_GE(static_cast<unsigned char>(c), 0x20);
        EXPECT_LT(static_cast<unsigned char>(c), 0x7f);
    }
    const std::string subject = nlohmann::json::parse(line)["subject"];
    EXPECT_LT(subject.size(), 2 * kMaxPath);
}

TEST_F(AuditFile, ChainGoesOnAfterRestart) {
    for (int restart = 0; restart < 3; ++restart) {
        auto log = open_log();
        log->append(allowed_record());
        log->append(allowed_record());
        ASSERT_TRUE(log->flush());
    }
    expect_chain(6);
}

TEST_F(AuditFile, OtherPlanesLinesAreSkippedAtTheTail) {
    auto first = open_log();
    first->append(allowed_record());
    ASSERT_TRUE(first->flush());
    append_raw(
        "{\"seq\":77,\"plane\":\"git-gate\",\"prev\":\"\"}\n{\"seq\":78,\"plane\":\"supervise\"}"
        "\n");
    auto second = open_log();
    EXPECT_EQ(second->append(allowed_record()), 2u);
    ASSERT_TRUE(second->flush());
    expect_chain(2);
}

TEST_F(AuditFile, TornLineIsLeftAsALineOfItsOwn) {
    auto first = open_log();
    first->append(allowed_record());
    ASSERT_TRUE(first->flush());
    append_raw("{\"seq\":2,\"plane\":\"egress\",\"ti");
    auto second = open_log();
    EXPECT_EQ(second->append(allowed_record()), 2u);
    ASSERT_TRUE(second->flush());
    EXPECT_EQ(lines().size(), 3u);
    expect_chain(2);
}

TEST(AuditLog, RefusedWritesAreReportedAndNothingIsKeptWithoutEnd) {
    const int full = ::open("/dev/full", O_RDWR | O_APPEND);
    ASSERT_GE(full, 0);
    auto log = AuditLog::open(full, "egress");
    ASSERT_TRUE(log);
    (*log)->append(allowed_record());
    EXPECT_FALSE((*log)->flush());
    EXPECT_FALSE((*log)->healthy());
    std::uint64_t last = 1;
    for (int i = 0; i < 10'000 && last != 0; ++i)
        last = (*log)->append(allowed_record());
    EXPECT_EQ(last, 0u);
    close(full);
}

TEST(AuditLog, WhatWasRefusedIsWrittenOnceTheFileTakesItAgain) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
    auto log = AuditLog::open(ends[1], "egress");
    ASSERT_TRUE(log);
    bool complete = true;
    int appended = 0;
    while (complete) {
        (*log)->append(allowed_record());
        ++appended;
        complete = (*log)->flush();
    }
    std::string read_back;
    std::array<char, 65536> buffer{};
    for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;)
        read_back.append(buffer.data(), static_cast<std::size_t>(n));
    EXPECT_TRUE((*log)->flush());
    EXPECT_TRUE((*log)->healthy());
    for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;)
        read_back.append(buffer.data(), static_cast<std::size_t>(n));
    EXPECT_EQ(std::count(read_back.begin(), read_back.end(), '\n'), appended);
    close(ends[0]);
    close(ends[1]);
}

TEST(JsonText, EscapesWhatATerminalOrAParserWouldAct) {
    const std::vector<std::pair<std::string, std::string>> table = {
        {"plain", "\"plain\""},
        {"", "\"\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {std::string("\0", 1), "\"\\u0000\""},
        {"\x1b]0;x\x07", "\"\\u001b]0;x\\u0007\""},
        {"\xc3\xa9", "\"\\u00c3\\u00a9\""},
        {"\x7f", "\"\\u007f\""},
    };
    for (const auto& [text, expected] : table) {
        std::string out;
        append_json_string(out, text);
        EXPECT_EQ(out, expected);
    }
}

}  // namespace
}  // namespace botbottle::audit
