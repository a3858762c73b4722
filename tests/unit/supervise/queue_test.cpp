#include "supervise/queue.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "supervise/limits.h"

namespace botbottle::supervise {
namespace {

constexpr Seconds kNow = 1'700'000'000;

class QueueTest : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/queue-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        path_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(path_); }

    Result<Queue> open() {
        return Queue::open(
            control::Descriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    }
    static Proposal proposal(int number, Seconds expires = kNow + 60) {
        return {"",
                "dev-abc12",
                "egress-block",
                kNow,
                expires,
                "why",
                {{"host", "h" + std::to_string(number) + ".example"}},
                {{"revision", 1}}};
    }
    void decide(const std::string& id, const std::string& status, bool applied = true) {
        const Decision decision{id, status, "", {}, "operator", "session", kNow, applied};
        std::ofstream(path_ / (id + ".decision.json")) << write_document(to_json(decision));
    }

    std::filesystem::path path_;
};

TEST_F(QueueTest, WhatWasAddedIsThereAfterARestart) {
    std::string id;
    {
        auto queue = open();
        ASSERT_TRUE(queue);
        id = *queue->add(proposal(1));
        EXPECT_EQ(queue->find_equal("egress-block", {{"host", "h1.example"}})->id, id);
        EXPECT_EQ(queue->find_equal("other", {{"host", "h1.example"}}), nullptr);
    }
    auto queue = open();
    ASSERT_TRUE(queue);
    ASSERT_TRUE(queue->is_open(id));
    EXPECT_EQ(queue->proposals().at(id).justification, "why");
}

TEST_F(QueueTest, IsBounded) {
    auto queue = open();
    for (std::size_t i = 0; i < kMaxOpen; ++i)
        ASSERT_TRUE(queue->add(proposal(static_cast<int>(i))));
    EXPECT_EQ(queue->add(proposal(99)).error().code, "too_many_open");
    decide(queue->proposals().begin()->first, "rejected");
    EXPECT_EQ(queue->collect(kNow).size(), 1U);
    Proposal large = proposal(100);
    large.payload["dockerfile"] = std::string(kMaxProposal, 'x');
    EXPECT_EQ(queue->add(std::move(large)).error().code, "too_large");
    EXPECT_TRUE(queue->add(proposal(99)));
}

TEST_F(QueueTest, ADecisionCountsWhenItIsApplied) {
    auto queue = open();
    const std::string id = *queue->add(proposal(1));
    decide(id, "approved", false);
    EXPECT_TRUE(queue->collect(kNow + 3600).empty()) << "half done: neither told nor expired";
    EXPECT_FALSE(queue->decision(id));
    decide(id, "approved");
    ASSERT_EQ(queue->collect(kNow).size(), 1U);
    EXPECT_FALSE(queue->is_open(id));
    EXPECT_EQ(queue->decision(id)->status, "approved");
    EXPECT_EQ(open()->decision(id)->status, "approved");
    EXPECT_TRUE(std::filesystem::exists(path_ / "archive" / (id + ".proposal.json")));
}

TEST_F(QueueTest, ExpiresOnceAndNotOverADecision) {
    auto queue = open();
    const std::string late = *queue->add(proposal(1, kNow + 1));
    const std::string decided = *queue->add(proposal(2, kNow + 1));
    decide(decided, "rejected");
    EXPECT_EQ(queue->collect(kNow + 2).size(), 2U);
    EXPECT_EQ(queue->decision(late)->status, "expired");
    EXPECT_EQ(queue->decision(decided)->status, "rejected");
}

TEST_F(QueueTest, ACrashBetweenTheTwoMovesLosesNothing) {
    auto queue = open();
    const std::string id = *queue->add(proposal(1));
    decide(id, "approved");
    std::filesystem::rename(path_ / (id + ".proposal.json"),
                            path_ / "archive" / (id + ".proposal.json"));
    EXPECT_EQ(open()->decision(id)->status, "approved");
}

TEST_F(QueueTest, LooksAtNothingThatIsNotOurs) {
    std::ofstream(path_ / "p-aaaaaaaa.proposal.json") << "not json";
    std::ofstream(path_ / "p-bbbbbbbb.proposal.json")
        << write_document(to_json(proposal(1)));  // another id inside
    std::filesystem::create_symlink("/etc/passwd", path_ / "p-cccccccc.proposal.json");
    ASSERT_EQ(mkfifo((path_ / "p-dddddddd.proposal.json").c_str(), 0600), 0);
    auto queue = open();
    ASSERT_TRUE(queue);
    EXPECT_TRUE(queue->proposals().empty());
    for (const char* id : {"", "../x", "p-aaaaaaaa", "archive"})
        EXPECT_FALSE(queue->decision(id)) << id;
}

}  // namespace
}  // namespace botbottle::supervise
