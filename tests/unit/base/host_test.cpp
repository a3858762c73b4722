// One spelling for each host, and no second door to an address.
#include "base/host.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace botbottle {
namespace {

struct Canonical {
    std::string_view input, text;
};

TEST(Host, HasOneSpelling) {
    const Canonical cases[] = {
        {"example.com", "example.com"},
        {"EXAMPLE.Com", "example.com"},
        {"example.com.", "example.com"},
        {"localhost", "localhost"},
        {"_dmarc.example.com", "_dmarc.example.com"},
        {"r3---sn-x.example", "r3---sn-x.example"},
        {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
        {"1.example", "1.example"},
        {"0x7f.example", "0x7f.example"},
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"[2001:DB8::1]", "[2001:db8::1]"},
        {"[2001:db8:0:0:0:0:0:1]", "[2001:db8::1]"},
        {"[2001:0db8:0:0:1:0:0:1]", "[2001:db8::1:0:0:1]"},
        {"[2001:db8:0:1:1:1:1:1]", "[2001:db8:0:1:1:1:1:1]"},
        {"[::FFFF:192.0.2.1]", "[::ffff:192.0.2.1]"},
        {"[::ffff:c000:201]", "[::ffff:192.0.2.1]"},
    };
    for (const auto& [input, text] : cases) {
        const auto host = Host::parse(input);
        ASSERT_TRUE(host) << input << ": " << host.error().message;
        EXPECT_EQ(host->text(), text) << input;
        const auto again = Host::parse(host->text());
        ASSERT_TRUE(again) << input;
        EXPECT_EQ(*again, *host) << input;
    }
}

TEST(Host, KnowsAddresses) {
    EXPECT_FALSE(Host::parse("example.com")->is_ip());
    EXPECT_EQ(Host::parse("192.0.2.1")->address(), *IpAddress::parse("192.0.2.1"));
    EXPECT_EQ(Host::parse("[::1]")->address(), *IpAddress::parse("::1"));
    EXPECT_EQ(Host(*IpAddress::parse("::1")).text(), "[::1]");
    EXPECT_EQ(Host(*IpAddress::parse("192.0.2.1")).text(), "192.0.2.1");
}

TEST(Host, RefusesEverySpellingOfAnAddressButOne) {
    for (const std::string_view input :
         {"127.1",        "127.0.1",         "2130706433",  "0x7f000001",
          "0X7F000001",   "0x7f.1",          "0177.0.0.1",  "0177.1",
          "017700000001", "127.0.0.01",      "127.0.0.0x1", "0x7f.0.0.1",
          "127.0.0.256",  "1.2.3.4.5",       "1.2.3",       "0",
          "0x",           "1.2.3.4.",        "127.0.0.1.",  "example.1",
          "a.0x1f",       "256.256.256.256", "4294967296",  "00.0.0.0",
          "1.2.3.4%00"}) {
        EXPECT_FALSE(Host::parse(input)) << input;
    }
}

TEST(Host, RefusesWhatIsNoHost) {
    using namespace std::string_view_literals;
    for (const std::string_view input : {""sv,
                                         "."sv,
                                         ".."sv,
                                         "a..b"sv,
                                         ".a"sv,
                                         "a.."sv,
                                         "-a.example"sv,
                                         "a-.example"sv,
                                         "user@example.com"sv,
                                         "user:pw@example.com"sv,
                                         "@example.com"sv,
                                         "example.com:443"sv,
                                         "exa mple.com"sv,
                                         " example.com"sv,
                                         "example.com\n"sv,
                                         "example.com\0"sv,
                                         "\0"sv,
                                         "example.com\x7f"sv,
                                         "ex%61mple.com"sv,
                                         "example.com/"sv,
                                         "example.com?"sv,
                                         "example.com#"sv,
                                         "example\\com"sv,
                                         "*.example.com"sv,
                                         "b\xc3\xbc"
                                         "cher.example"sv,
                                         "example\xe3\x80\x82"
                                         "com"sv,
                                         "\xff.example"sv,
                                         "::1"sv,
                                         "[::1"sv,
                                         "::1]"sv,
                                         "[]"sv,
                                         "[::1%25eth0]"sv,
                                         "[::1%eth0]"sv,
                                         "[fe80::1%1]"sv,
                                         "[127.0.0.1]"sv,
                                         "[v1.x]"sv,
                                         "[[::1]]"sv,
                                         "[::1]."sv,
                                         "[1::2::3]"sv,
                                         "[12345::]"sv,
                                         "["sv,
                                         "]"sv,
                                         "[::1 ]"sv}) {
        EXPECT_FALSE(Host::parse(input)) << input;
    }
}

TEST(Host, HoldsTheLengthsOfDns) {
    const std::string label(63, 'a');
    EXPECT_TRUE(Host::parse(label + ".example"));
    EXPECT_FALSE(Host::parse(label + "a.example"));
    const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
    ASSERT_EQ(longest.size(), 253u);
    EXPECT_TRUE(Host::parse(longest));
    EXPECT_TRUE(Host::parse(longest + "."));
    EXPECT_FALSE(Host::parse(longest + "b"));
    EXPECT_FALSE(Host::parse(longest + "b."));
    EXPECT_FALSE(Host::parse(std::string(100000, 'a')));
}

TEST(Host, NonAsciiIsRefusedWithTheWayOut) {
    const auto host = Host::parse(
        "b\xc3\xbc"
        "cher.example");
    ASSERT_FALSE(host);
    EXPECT_NE(host.error().hint.find("A-label"), std::string::npos);
}

TEST(Authority, HasAPort) {
    struct Case {
        std::string_view input;
        std::uint16_t default_port;
        std::string_view text;
    };
    const Case cases[] = {
        {"example.com", 443, "example.com:443"},
        {"Example.COM.:8443", 443, "example.com:8443"},
        {"192.0.2.1:80", 0, "192.0.2.1:80"},
        {"[::1]:65535", 0, "[::1]:65535"},
        {"[::1]", 80, "[::1]:80"},
        {"example.com:1", 443, "example.com:1"},
    };
    for (const auto& [input, default_port, text] : cases) {
        const auto authority = Authority::parse(input, default_port);
        ASSERT_TRUE(authority) << input;
        EXPECT_EQ(authority->text(), text);
    }
    EXPECT_EQ(Authority::parse("a.example", 443)->text_for(443), "a.example");
    EXPECT_EQ(Authority::parse("a.example:80", 443)->text_for(443), "a.example:80");
}

TEST(Authority, RefusesBadPortsAndUserInfo) {
    using namespace std::string_view_literals;
    for (const std::string_view input : {"a.example:"sv,
                                         "a.example:0"sv,
                                         "a.example:00"sv,
                                         "a.example:0443"sv,
                                         "a.example:65536"sv,
                                         "a.example:+443"sv,
                                         "a.example:-1"sv,
                                         "a.example: 443"sv,
                                         "a.example:443 "sv,
                                         "a.example:0x1bb"sv,
                                         "a.example:443:443"sv,
                                         "a.example:https"sv,
                                         "user@a.example:443"sv,
                                         "user:443@a.example"sv,
                                         "a.example:443@b.example"sv,
                                         "::1:443"sv,
                                         "[::1]443"sv,
                                         "[::1]:"sv,
                                         "[::1:443"sv,
                                         ":443"sv,
                                         ""sv,
                                         ":"sv,
                                         "a.example:443\0"sv,
                                         "a.example/:443"sv,
                                         "a.example:99999999999999999999"sv}) {
        EXPECT_FALSE(Authority::parse(input, 443)) << input;
    }
    EXPECT_FALSE(Authority::parse("a.example", 0));
}

}  // namespace
}  // namespace botbottle
