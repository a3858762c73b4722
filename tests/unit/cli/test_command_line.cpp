#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/command_line.h"

namespace botbottle::cli {
namespace {

struct Ran {
    int code = -1;
    std::string out;
    std::string err;
};

Ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "botbottle");
    std::vector<char*> argv;
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Ran ran;
    ran.code = run_command_line(static_cast<int>(argv.size()) - 1, argv.data());
    ran.out = ::testing::internal::GetCapturedStdout();
    ran.err = ::testing::internal::GetCapturedStderr();
    return ran;
}

class CommandLine : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "botbottle-test-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        home_ = pattern;
        setenv("BOT_BOTTLE_HOME", home_.c_str(), 1);
    }
    void TearDown() override {
        unsetenv("BOT_BOTTLE_HOME");
        std::filesystem::remove_all(home_);
    }
    std::string home_;
};

TEST_F(CommandLine, WrongUsageIsTwoAndSaysWhereHelpIs) {
    const std::vector<std::string> rows[] = {{},
                                             {"levitate"},
                                             {"run"},
                                             {"list", "everything"},
                                             {"stop"},
                                             {"attach"},
                                             {"exec", "a-12345"},
                                             {"start", "--nonsense"},
                                             {"plugin"}};
    for (const auto& arguments : rows) {
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.code, 2) << (arguments.empty() ? "" : arguments[0]);
        EXPECT_EQ(ran.out, "");
        EXPECT_EQ(ran.err.rfind("botbottle: error: ", 0), 0u) << ran.err;
        EXPECT_NE(ran.err.find("--help"), std::string::npos);
    }
}

TEST_F(CommandLine, EveryCommandHasHelpWithAnExample) {
    for (const char* command : {"start", "run", "attach", "exec", "list", "info", "logs", "stop",
                                "cleanup", "doctor", "config", "demo"}) {
        const Ran ran = run({command, "--help"});
        EXPECT_EQ(ran.code, 0) << command;
        EXPECT_NE(ran.out.find(std::string("botbottle ") + command), std::string::npos) << command;
        EXPECT_NE(ran.out.find("Example:"), std::string::npos) << command;
        EXPECT_EQ(ran.err, "");
    }
}

TEST_F(CommandLine, UnknownNamesAreUsageAndSayWhatThereIs) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"stop", "no-12345"},
                                                                       {"attach", "no-12345"},
                                                                       {"logs", "../../x"},
                                                                       {"info", "nobody"}}) {
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.code, 2) << arguments[0];
        EXPECT_NE(ran.err.find("botbottle list"), std::string::npos) << ran.err;
    }
}

TEST_F(CommandLine, AnEmptyHomeListsNothingAndIsNotTouched) {
    EXPECT_EQ(run({"list"}).out, "");
    EXPECT_EQ(run({"list"}).code, 0);
    const Ran json = run({"list", "--json"});
    EXPECT_NE(json.out.find("\"botbottle.list/1\""), std::string::npos);
    EXPECT_TRUE(std::filesystem::is_empty(home_));
}

TEST_F(CommandLine, ConfigSaysWhereValuesComeFrom) {
    const Ran ran = run({"config"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_NE(ran.out.find(home_), std::string::npos);
    EXPECT_NE(ran.out.find("default"), std::string::npos);
    EXPECT_NE(run({"config", "--json"}).out.find("botbottle.config/1"), std::string::npos);
}

TEST_F(CommandLine, WithoutAnybodyToAskItSaysWhatItWouldHaveAsked) {
    const Ran ran = run({"start", "--no-input"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.out, "");
}

}  // namespace
}  // namespace botbottle::cli
