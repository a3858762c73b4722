#include <gtest/gtest.h>

#include "cli/output.h"

namespace botbottle::cli {
namespace {

TEST(Output, TablesAlignTheirColumnsAndNothingTrails) {
    EXPECT_EQ(table({QStringLiteral("NAME"), QStringLiteral("STATE"), QStringLiteral("LABEL")},
                    {{QStringLiteral("a-12345"), QStringLiteral("running"), QString()},
                     {QStringLiteral("b"), QStringLiteral("dead"), QStringLiteral("mine")}})
                  .toStdString(),
              "NAME     STATE    LABEL\n"
              "a-12345  running\n"
              "b        dead     mine\n");
}

TEST(Output, NoColoursWhereNoTerminalIs) {
    EXPECT_EQ(styled(QStringLiteral("x"), Style::Red).toStdString(), "x");
}

}  // namespace
}  // namespace botbottle::cli
