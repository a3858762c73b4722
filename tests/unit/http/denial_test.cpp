// A denial is always JSON, whatever it quotes.
#include "http/denial.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace botbottle::http {
namespace {

using namespace std::string_view_literals;

TEST(Denial, HasTheContractsShape) {
    EXPECT_EQ(denial_body({403, "host_not_allowed", "no route", "ask"}),
              R"({"botbottle":{"verdict":"denied","rule":"host_not_allowed","reason":"no route",)"
              R"("hint":"ask","proposal_tool":"egress-block"}})");
}

TEST(Denial, IsJsonWhateverItQuotes) {
    struct Case {
        std::string_view reason, read;
    };
    const Case cases[] = {
        {"quote \" and \\ back", "quote \" and \\ back"},
        {"line\r\nbreak\ttab\0nul\x1b\x7f"sv, "line\r\nbreak\ttab\0nul\x1b\x7f"sv},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82"},
        {"\xff", "\xef\xbf\xbd"},
        {"a\xc3", "a\xef\xbf\xbd"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                                  // overlong
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                  // surrogate
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},  // too large
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"</script>\xe2\x80\xa8", "</script>\xe2\x80\xa8"},
    };
    for (const auto& [reason, read] : cases) {
        const auto parsed =
            nlohmann::json::parse(denial_body({403, "r", reason, reason}), nullptr, false);
        ASSERT_FALSE(parsed.is_discarded()) << reason;
        EXPECT_EQ(parsed["botbottle"]["reason"].get<std::string>(), read);
        EXPECT_EQ(parsed["botbottle"]["hint"].get<std::string>(), read);
    }
}

TEST(Denial, IsAWholeResponse) {
    const Denial denial = {421, "host_mismatch", "x", ""};
    const auto body = denial_body(denial);
    const auto head =
        "HTTP/1.1 421 Misdirected Request\r\nContent-Type: application/json\r\n"
        "Cache-Control: no-store\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n";
    std::string out;
    append_denial_response(out, denial, true, false);
    EXPECT_EQ(out, head + "\r\n" + body);
    out.clear();
    append_denial_response(out, denial, false, true);
    EXPECT_EQ(out, head + "Connection: close\r\n\r\n");
}

}  // namespace
}  // namespace botbottle::http
