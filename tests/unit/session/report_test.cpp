#include "session/report.h"

#include <gtest/gtest.h>

namespace botbottle::session {
namespace {

TEST(Outcome, HasAnExitCodeAndADocument) {
    struct {
        Outcome outcome;
        int code;
        const char* document;
    } const rows[] = {
        {{Outcome::Kind::exited, 7, "", ""}, 7, R"({"code":7,"outcome":"exited"})"},
        {{Outcome::Kind::signaled, 9, "", ""}, 137, R"({"outcome":"signaled","signal":9})"},
        {{Outcome::Kind::detached, 0, "", ""}, 0, R"({"outcome":"detached"})"},
        {failed("c", "bad \xff byte"), 125,
         "{\"code\":\"c\",\"message\":\"bad \xEF\xBF\xBD byte\",\"outcome\":\"failed\"}"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(row.outcome.exit_code(), row.code);
        EXPECT_EQ(row.outcome.document(), row.document);
    }
}

TEST(SessionsJson, TakesFiveFieldsEach) {
    EXPECT_EQ(sessions_json({}), "[]");
    EXPECT_EQ(sessions_json({"agent", "12", "1", "0", "cl\"aude", "", "7", "0", "1", "sh"}),
              R"([{"attached":false,"command":"cl\"aude","name":"agent","pid":12,"tty":true},)"
              R"({"attached":true,"command":"sh","name":"","pid":7,"tty":false}])");
}

}  // namespace
}  // namespace botbottle::session
