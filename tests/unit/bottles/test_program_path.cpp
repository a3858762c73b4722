#include <gtest/gtest.h>

#include <cstdlib>

#include "bottles/program_path.h"
#include "scratch.h"

namespace botbottle {
namespace {

class ProgramPath : public ::testing::Test {
  protected:
    void SetUp() override { before_ = std::getenv("PATH"); }
    void TearDown() override { setenv("PATH", before_.c_str(), 1); }
    std::string before_;
};

TEST_F(ProgramPath, TakesTheFirstThatCanBeRun) {
    Scratch scratch;
    scratch.file("first/tool", "no program", 0644);
    scratch.file("second/tool/inside", "a directory");
    const QString right = scratch.file("third/tool", "#!/bin/sh\n", 0755);
    scratch.file("fourth/tool", "#!/bin/sh\n", 0755);
    const QString path =
        QStringLiteral("relative::%1/first:%1/second:%1/third:%1/fourth").arg(scratch.path());
    setenv("PATH", path.toLocal8Bit().constData(), 1);
    EXPECT_EQ(program_path(QStringLiteral("tool")).value().toStdString(), right.toStdString());
    const auto missing = program_path(QStringLiteral("nothing-like-it"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, "missing_program");
}

}  // namespace
}  // namespace botbottle
