// What opens a WebSocket, and what a 101 may say.
#include "websocket/handshake.h"

#include <gtest/gtest.h>

#include <set>

namespace botbottle::websocket {
namespace {

constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // of RFC 6455 1.3

TEST(Handshake, TheExampleOfTheRfc) {
    EXPECT_EQ(accept_for(kKey), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, KeysAreFreshAndGood) {
    std::set<std::string> keys;
    for (int i = 0; i < 100; ++i) {
        const std::string key = make_key();
        EXPECT_EQ(
            check_request({{"Sec-WebSocket-Version", "13"}, {"Sec-WebSocket-Key", key}}, false)
                .status,
            0);
        keys.insert(key);
    }
    EXPECT_EQ(keys.size(), 100u);
}

TEST(Handshake, Requests) {
    const http::HeaderField version("Sec-WebSocket-Version", "13");
    const http::HeaderField key("Sec-WebSocket-Key", kKey);
    const auto status = [](const http::HeaderFields& fields, bool over_http2 = false) {
        return check_request(fields, over_http2).status;
    };
    EXPECT_EQ(status({version, key}), 0);
    EXPECT_EQ(status({version}, true), 0);
    EXPECT_EQ(status({version, key}, true), 400);
    EXPECT_EQ(status({key}), 400);
    EXPECT_EQ(status({{"Sec-WebSocket-Version", "8"}, key}), 400);
    EXPECT_EQ(status({{"Sec-WebSocket-Version", "13, 8"}, key}), 400);
    EXPECT_EQ(status({version, version, key}), 400);
    EXPECT_EQ(status({version}), 400);
    EXPECT_EQ(status({version, key, key}), 400);
    EXPECT_EQ(status({version, key, {"sec_websocket_key", kKey}}), 400);
    for (const char* bad : {"", "short", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQAA",
                            "dGhlIHNhbXBsZSBub25jZ!==", "dGhlIHNhbXBsZSBub25jZQAA=="})
        EXPECT_EQ(status({version, {"Sec-WebSocket-Key", bad}}), 400) << bad;
}

TEST(Handshake, Answers) {
    const std::string good = accept_for(kKey);
    const http::HeaderField accept("Sec-WebSocket-Accept", good);
    const http::HeaderFields asked = {{"Sec-WebSocket-Protocol", "chat, superchat"}};
    const auto status = [&](const http::HeaderFields& answer,
                            std::string_view upgrade = "websocket") {
        return check_answer(upgrade, answer, kKey, asked).status;
    };
    EXPECT_EQ(status({accept}), 0);
    EXPECT_EQ(status({accept}, "WebSocket"), 0);
    EXPECT_EQ(status({accept, {"Sec-WebSocket-Protocol", "superchat"}}), 0);
    EXPECT_EQ(status({accept}, "h2c"), 502);
    EXPECT_EQ(status({accept}, ""), 502);
    EXPECT_EQ(status({}), 502);
    EXPECT_EQ(status({accept, accept}), 502);
    EXPECT_EQ(status({{"Sec-WebSocket-Accept", accept_for("another key of nobody ==")}}), 502);
    EXPECT_EQ(status({accept, {"Sec-WebSocket-Extensions", "permessage-deflate"}}), 502);
    EXPECT_EQ(status({accept, {"Sec-WebSocket-Protocol", "other"}}), 502);
    EXPECT_EQ(status({accept, {"Sec-WebSocket-Protocol", "chat, superchat"}}), 502);
}

TEST(Handshake, StripsWhatBelongsToOneConnection) {
    http::HeaderFields fields = {{"Sec-WebSocket-Key", "x"},
                                 {"sec_websocket_extensions", "x"},
                                 {"Sec-WebSocket-Version", "13"},
                                 {"Sec-WebSocket-Accept", "x"},
                                 {"Sec-WebSocket-Extensions", "permessage-deflate"},
                                 {"Sec-WebSocket-Protocol", "chat"},
                                 {"Origin", "https://a"}};
    strip_handshake(fields);
    ASSERT_EQ(fields.size(), 2u);
    EXPECT_EQ(fields[0].name, "Sec-WebSocket-Protocol");
    EXPECT_EQ(fields[1].name, "Origin");
}

}  // namespace
}  // namespace botbottle::websocket
