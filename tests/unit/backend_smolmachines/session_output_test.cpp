#include "session_output.h"

#include <gtest/gtest.h>

namespace backend_smolmachines {
namespace {

TEST(ErrorStream, HoldsBackWhatMayBeTheToolsOwn) {
    ErrorStream stream;
    EXPECT_EQ(stream.feed("a line\n"), "a line\n");
    EXPECT_EQ(stream.feed("Err"), "");
    EXPECT_TRUE(stream.holds());
    EXPECT_EQ(stream.feed("and so on\n"), "Errand so on\n");
    EXPECT_EQ(stream.feed("out\nError: vm"), "out\n");
    EXPECT_EQ(stream.feed(" lost\n"), "");
    EXPECT_EQ(stream.held(), "Error: vm lost\n");
    EXPECT_EQ(stream.flush(), "Error: vm lost\n");
    EXPECT_FALSE(stream.holds());
}

TEST(ErrorStream, InTheMiddleOfALineItIsNobodys) {
    ErrorStream stream;
    EXPECT_EQ(stream.feed("an Error: x\n"), "an Error: x\n");
    EXPECT_EQ(stream.feed("begun "), "begun ");
    EXPECT_EQ(stream.feed("Error: x\n"), "Error: x\n");
    EXPECT_EQ(stream.feed(""), "");
}

TEST(ErrorStream, LosesNothing) {
    const std::string text = "one\nError: two\nEr\n\nError: three\nfour Error: five\n";
    for (std::size_t size = 1; size < 9; ++size) {
        ErrorStream stream;
        std::string out;
        for (std::size_t at = 0; at < text.size(); at += size) {
            out += stream.feed(text.substr(at, size));
            if (at % 5 == 0) out += stream.flush();
        }
        EXPECT_EQ(out + stream.flush(), text) << size;
    }
}

TEST(ErrorStream, DoesNotHoldWithoutEnd) {
    ErrorStream stream;
    std::string out = stream.feed("Error: ");
    for (int i = 0; i < 100; ++i)
        out += stream.feed(std::string(1000, 'x'));
    EXPECT_FALSE(out.empty());
}

TEST(Outcome, OnlyItsOwnFormsAreBelieved) {
    for (const char* const text :
         {R"({"outcome": "exited", "code": 7})", R"({"outcome": "signaled", "signal": 15})",
          R"({"outcome": "detached"})", R"({"outcome": "failed", "code": "x", "message": "y"})"})
        EXPECT_NE(checked_outcome(text), "") << text;
    for (const char* const text :
         {"", "{}", R"({"outcome": "exited"})", R"({"outcome": "exited", "code": 999})",
          R"({"outcome": "exited", "code": -1})", R"({"outcome": "other"})",
          R"({"outcome": "failed"})", "[1]"})
        EXPECT_EQ(checked_outcome(text), "") << text;
}

TEST(Outcome, ExitCodes) {
    EXPECT_EQ(exit_code_of(R"({"outcome": "exited", "code": 7})"), 7);
    EXPECT_EQ(exit_code_of(R"({"outcome": "signaled", "signal": 15})"), 143);
    EXPECT_EQ(exit_code_of(R"({"outcome": "detached"})"), 0);
    EXPECT_EQ(exit_code_of(R"({"outcome": "failed"})"), 125);
    EXPECT_EQ(exit_code_of("nothing"), 125);
}

TEST(Outcome, ToolErrorsBecomeOurs) {
    const std::string lost =
        failed_outcome(1, "Error: agent operation failed: exec: connection to VM lost\n");
    EXPECT_NE(lost.find("machine_lost"), std::string::npos);
    EXPECT_NE(failed_outcome(1, "Error: vm not found: x\n").find("not_running"), std::string::npos);
    EXPECT_NE(failed_outcome(137, "").find("session_lost"), std::string::npos);
}

}  // namespace
}  // namespace backend_smolmachines
