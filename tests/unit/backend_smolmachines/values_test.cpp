#include <cctype>
#include <cerrno>

#include "exchange.h"
#include "handle.h"
#include "machine_limits.h"
#include "platform.h"
#include "record.h"
#include "scratch.h"

namespace backend_smolmachines {
namespace {

bool smolvm_takes(const std::string& name) {
    if (name.empty() || name.size() > 128 || name.ends_with('-') ||
        name.find("--") != std::string::npos)
        return false;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-') return false;
    }
    return true;
}

TEST(MachineName, IsOneThatSmolvmTakes) {
    for (const std::string identity : {"coder-ab12c", "a.b-1", "a--b-2", "A_b-3", "x-", "a.-b"})
        EXPECT_TRUE(smolvm_takes(machine_name(identity, "home"))) << machine_name(identity, "home");
}

TEST(MachineName, KeepsBottlesApart) {
    EXPECT_NE(machine_name("a.b-1", "h"), machine_name("a-b-1", "h"));
    EXPECT_NE(machine_name("a-1", "h"), machine_name("a-1", "i"));
    EXPECT_EQ(machine_name("a-1", "h"), machine_name("a-1", "h"));
}

class Slots : public host_bottle::Scratch {
  protected:
    Slots() { contact_.machine = "m"; }
    void SetUp() override {
        Scratch::SetUp();
        contact_.place = root_;
        make("slots/.keep", "");
    }
    std::string leave(const std::string& session) {
        make("in/requests/" + session, "a request");
        make("out/" + session, "a result");
        return session;
    }
    bool left(const std::string& session) {
        return exists(request_file(contact_, session)) || exists(result_file(contact_, session));
    }
    Contact contact_;
};

TEST_F(Slots, WhatAKilledSessionLeftGoes) {
    const std::string killed = leave("0123456789abcdef");
    const std::string living = leave("fedcba9876543210");
    const UniqueFd held = take_slot(contact_, kSessionSlot, kSessionSlots);
    claim_slot(contact_, held, living);
    {
        const UniqueFd slot = take_slot(contact_, kSessionSlot, kSessionSlots);
        claim_slot(contact_, slot, killed);
    }
    EXPECT_TRUE(left(killed));
    remove_stale_files(contact_);
    EXPECT_FALSE(left(killed));
    EXPECT_TRUE(left(living));
}

TEST_F(Slots, TheNextInASlotRemovesThem) {
    const std::string killed = leave("0123456789abcdef");
    {
        const UniqueFd slot = take_slot(contact_, kSessionSlot, 1);
        claim_slot(contact_, slot, killed);
    }
    const UniqueFd slot = take_slot(contact_, kSessionSlot, 1);
    claim_slot(contact_, slot, "1111111111111111");
    EXPECT_FALSE(left(killed));
}

TEST_F(Slots, ASlotThatNamesNoSessionRemovesNothing) {
    for (const std::string name : {"../../secret", "", "0123", "0123456789abcdeX"}) {
        make("secret", "");
        make("slots/session0", name);
        remove_stale_files(contact_);
        EXPECT_TRUE(exists(root_ + "/secret")) << name;
    }
}

TEST(Handle, ComesBackAsItWas) {
    Handle handle{"/usr/bin/smolvm", "m", "/i.tar", "0", {5, 6}, to_json(Limits{})};
    const Handle back = handle_of({{"handle", to_json(handle)}});
    EXPECT_EQ(to_json(back), to_json(handle));
    EXPECT_EQ(host_bottle::code_of([] {
                  handle_of({{"handle", {{"smolvm", "relative"}}}});
              }),
              "invalid_request");
}

Limits read(const Json& limits, std::size_t expected_warnings = 0) {
    std::vector<std::string> warnings;
    const Limits result = limits_of({{"limits", limits}}, warnings);
    EXPECT_EQ(warnings.size(), expected_warnings);
    return result;
}

TEST(Limits, AreWholeProcessorsAndMebibytes) {
    EXPECT_EQ(read(Json::object()).cpus, 0);
    EXPECT_EQ(read({{"cpus", 0.5}}, 1).cpus, 1);
    EXPECT_EQ(read({{"cpus", 2}}).cpus, 2);
    EXPECT_EQ(read({{"memory", 512L << 20}}).memory_mib, 512);
    EXPECT_EQ(read({{"disk", (1L << 30) + 1}}, 1).storage_gib, 2);
    EXPECT_EQ(read({{"pids", 60}}).pids, 60);
    EXPECT_EQ(host_bottle::code_of([] { read({{"memory", 1 << 20}}); }), "limit_too_low");
    for (const Json& limits : {Json{{"cpus", 0}}, Json{{"pids", 0}}, Json{{"disk", -1}}, Json(1)})
        EXPECT_EQ(host_bottle::code_of([&] { read(limits); }), "invalid_request") << limits;
}

TEST(Platform, ProtectedDirectories) {
    for (const char* const path : {"/", "/var", "/etc/x", "/run/user/1000", "/usr", "/var/log/x"})
        EXPECT_TRUE(is_protected(Platform::linux, path)) << path;
    for (const char* const path :
         {"/var/lib/x", "/home/u", "/tmp/x", "/etcetera", "/root/.bot-bottle"})
        EXPECT_FALSE(is_protected(Platform::linux, path)) << path;
    for (const char* const path : {"/", "/private/var", "/private/etc/x", "/Library/x", "/System"})
        EXPECT_TRUE(is_protected(Platform::macos, path)) << path;
    for (const char* const path : {"/Users/u/.bot-bottle", "/private/var/folders/x"})
        EXPECT_FALSE(is_protected(Platform::macos, path)) << path;
}

TEST(Platform, Hypervisors) {
    EXPECT_TRUE(judge_kvm(0).ok);
    for (const int error : {ENOENT, EACCES, EIO})
        EXPECT_FALSE(judge_kvm(error).ok);
    EXPECT_NE(judge_kvm(EACCES).hint.find("kvm"), std::string::npos);
    EXPECT_TRUE(judge_hv_support(0, "1\n").ok);
    EXPECT_FALSE(judge_hv_support(0, "0\n").ok);
    EXPECT_FALSE(judge_hv_support(1, "").ok);
    EXPECT_LT(longest_socket_path(Platform::macos), longest_socket_path(Platform::linux));
    EXPECT_EQ(agent_socket(Platform::linux, "/home/u", ""),
              "/home/u/.cache/smolvm/vms/0123456789abcdef/agent.sock");
}

class Files : public host_bottle::Scratch {};

TEST_F(Files, ARecordComesBack) {
    const std::string path = root_ + "/backend.json";
    EXPECT_FALSE(read_record(path));
    write_record(path, {"coder-1", "m", host_bottle::ProcessName{42, 7}, "/opt/libexec"});
    const auto record = read_record(path);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->machine, "m");
    ASSERT_TRUE(record->process);
    EXPECT_EQ(record->process->pid, 42);
    write_record(path, {"coder-1", "m", std::nullopt, "/opt/libexec"});
    EXPECT_FALSE(read_record(path)->process);
    make("bad.json", R"({"schema": "botbottle.smolmachines/1", "identity": "../x"})");
    EXPECT_EQ(host_bottle::code_of([&] { read_record(root_ + "/bad.json"); }), "bad_record");
    EXPECT_FALSE(sound_record(root_ + "/bad.json"));
}

TEST_F(Files, SlotsAreGivenOutOnce) {
    Contact contact;
    contact.place = root_;
    std::filesystem::create_directory(root_ + "/slots");
    std::vector<UniqueFd> taken;
    for (int i = 0; i < kSessionSlots; ++i) {
        taken.push_back(take_slot(contact, "session", kSessionSlots));
        EXPECT_TRUE(taken.back());
    }
    EXPECT_FALSE(take_slot(contact, "session", kSessionSlots));
    EXPECT_TRUE(take_slot(contact, "control", kControlSlots));
    taken.pop_back();
    EXPECT_TRUE(take_slot(contact, "session", kSessionSlots));
    EXPECT_LT(kSessionSlots + kControlSlots, 8);
}

}  // namespace
}  // namespace backend_smolmachines
