// Addresses have one text, ranges one meaning, and the deny list has no hole.
#include "base/ip_address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace botbottle {
namespace {

TEST(IpAddress, ReadsAndWritesOneForm) {
    struct Case {
        std::string_view input, text;
    };
    const Case cases[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:0db8::0001", "2001:db8::1"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"64:ff9b::c000:201", "64:ff9b::c000:201"},
    };
    for (const auto& [input, text] : cases) {
        const auto address = IpAddress::parse(input);
        ASSERT_TRUE(address) << input;
        EXPECT_EQ(address->text(), text);
        EXPECT_EQ(*IpAddress::parse(address->text()), *address);
    }
}

TEST(IpAddress, RefusesOtherSpellings) {
    using namespace std::string_view_literals;
    for (const std::string_view input :
         {""sv,
          "1.2.3"sv,
          "1.2.3.04"sv,
          "01.2.3.4"sv,
          "1.2.3.256"sv,
          "1.2.3.4.5"sv,
          "0x1.2.3.4"sv,
          " 1.2.3.4"sv,
          "1.2.3.4 "sv,
          "1.2.3.4\0"sv,
          "[::1]"sv,
          "::1%eth0"sv,
          "fe80::1%1"sv,
          "1::2::3"sv,
          "1:2:3:4:5:6:7"sv,
          "12345::"sv,
          ":1"sv,
          "::ffff:1.2.3"sv,
          "1.2.3.4/8"sv,
          "0000000000000000000000000000000000000000000000000000000::1"sv}) {
        EXPECT_FALSE(IpAddress::parse(input)) << input;
    }
}

TEST(IpAddress, FindsTheAddressInside) {
    struct Case {
        std::string_view outer, inner;
    };
    const Case cases[] = {
        {"::ffff:10.1.2.3", "10.1.2.3"},
        {"64:ff9b::a01:203", "10.1.2.3"},
        {"2002:a01:203::1", "10.1.2.3"},
    };
    for (const auto& [outer, inner] : cases) {
        EXPECT_EQ(IpAddress::parse(outer)->embedded_v4(), *IpAddress::parse(inner)) << outer;
    }
    EXPECT_FALSE(IpAddress::parse("2001:db8::a01:203")->embedded_v4());
    EXPECT_FALSE(IpAddress::parse("64:ff9b:1::a01:203")->embedded_v4());
    EXPECT_FALSE(IpAddress::parse("10.1.2.3")->embedded_v4());
}

TEST(IpRange, Contains) {
    struct Case {
        std::string_view range, address;
        bool inside;
    };
    const Case cases[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.7/32", "192.0.2.7", true},
        {"fc00::/7", "fdff::1", true},
        {"fc00::/7", "fe00::1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"::/0", "10.0.0.1", false},
        {"10.0.0.0/8", "::ffff:10.0.0.1", false},
    };
    for (const auto& [range, address, inside] : cases) {
        const auto parsed = IpRange::parse(range);
        ASSERT_TRUE(parsed) << range;
        EXPECT_EQ(parsed->contains(*IpAddress::parse(address)), inside) << range << " " << address;
        EXPECT_EQ(*IpRange::parse(parsed->text()), *parsed);
    }
}

TEST(IpRange, Refuses) {
    for (const std::string_view input :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
          "10.0.0.0/8 ", "10.0.0.0/0x8", "10.0.0.0/255.0.0.0", "10.0.0.0/8/8", "::/129", "10/8",
          "example.com/8", "10.0.0.1/8", "2001:db8::1/64", "10.0.0.0/99999999999"}) {
        EXPECT_FALSE(IpRange::parse(input)) << input;
    }
    EXPECT_EQ(IpRange::parse("10.1.2.3/8").error().hint, "write 10.0.0.0/8");
}

struct Forbidden {
    std::string_view address, range;
};

// The first and the last address of each range of facts/egress.md 3.5.
TEST(ForbiddenDestination, NamesTheRange) {
    const Forbidden cases[] = {
        {"0.0.0.0", "0.0.0.0/8"},
        {"0.255.255.255", "0.0.0.0/8"},
        {"10.0.0.0", "10.0.0.0/8"},
        {"10.255.255.255", "10.0.0.0/8"},
        {"100.64.0.0", "100.64.0.0/10"},
        {"100.127.255.255", "100.64.0.0/10"},
        {"127.0.0.1", "127.0.0.0/8"},
        {"127.255.255.255", "127.0.0.0/8"},
        {"169.254.0.0", "169.254.0.0/16"},
        {"169.254.255.255", "169.254.0.0/16"},
        {"172.16.0.0", "172.16.0.0/12"},
        {"172.31.255.255", "172.16.0.0/12"},
        {"192.0.0.0", "192.0.0.0/24"},
        {"192.0.0.255", "192.0.0.0/24"},
        {"192.0.2.0", "192.0.2.0/24"},
        {"192.88.99.1", "192.88.99.0/24"},
        {"192.168.0.0", "192.168.0.0/16"},
        {"192.168.255.255", "192.168.0.0/16"},
        {"198.18.0.0", "198.18.0.0/15"},
        {"198.19.255.255", "198.18.0.0/15"},
        {"198.51.100.1", "198.51.100.0/24"},
        {"203.0.113.1", "203.0.113.0/24"},
        {"224.0.0.1", "224.0.0.0/4"},
        {"239.255.255.255", "224.0.0.0/4"},
        {"240.0.0.1", "240.0.0.0/4"},
        {"255.255.255.255", "255.255.255.255/32"},
        {"169.254.169.254", "169.254.169.254/32"},
        {"168.63.129.16", "168.63.129.16/32"},
        {"192.0.0.192", "192.0.0.192/32"},
        {"100.100.100.200", "100.100.100.200/32"},
        {"fd00:ec2::254", "fd00:ec2::254/128"},
        {"::", "::/128"},
        {"::1", "::1/128"},
        {"::2", "::/96"},
        {"::8.8.8.8", "::/96"},
        {"100::1", "100::/64"},
        {"2001::1", "2001::/32"},
        {"2001:10::1", "2001::/23"},
        {"2001:1ff:ffff::", "2001::/23"},
        {"2001:db8::1", "2001:db8::/32"},
        {"2002:808:808::1", "2002::/16"},
        {"3fff::1", "3fff::/20"},
        {"3fff:fff::1", "3fff::/20"},
        {"5f00::1", "5f00::/16"},
        {"fc00::1", "fc00::/7"},
        {"fdff::1", "fc00::/7"},
        {"fe80::1", "fe80::/10"},
        {"febf::1", "fe80::/10"},
        {"fec0::1", "fec0::/10"},
        {"feff::1", "fec0::/10"},
        {"ff02::1", "ff00::/8"},
        {"64:ff9b:1::808:808", "64:ff9b:1::/48"},
        // judged by the address inside
        {"::ffff:127.0.0.1", "127.0.0.0/8"},
        {"::ffff:169.254.169.254", "169.254.169.254/32"},
        {"64:ff9b::a00:1", "10.0.0.0/8"},
        {"64:ff9b::a9fe:a9fe", "169.254.169.254/32"},
        {"2002:7f00:1::", "127.0.0.0/8"},
        // nothing outside 2000::/3 is global unicast
        {"::ffff:0:8.8.8.8", "::/3"},
        {"1fff::1", "::/3"},
        {"4000::1", "4000::/2"},
        {"7fff::1", "4000::/2"},
        {"9000::1", "8000::/1"},
        {"fe00::1", "8000::/1"},
    };
    for (const auto& [address, range] : cases) {
        const auto* found = forbidden_destination(*IpAddress::parse(address));
        ASSERT_NE(found, nullptr) << address;
        EXPECT_EQ(found->range, range) << address;
        EXPECT_FALSE(found->name.empty());
    }
}

TEST(ForbiddenDestination, LeavesPublicAddressesAlone) {
    for (const std::string_view address :
         {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
          "100.63.255.255",  "100.128.0.0",     "126.255.255.255", "128.0.0.0",
          "169.253.255.255", "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
          "192.0.1.0",       "192.0.3.0",       "192.88.98.255",   "192.88.100.0",
          "192.167.255.255", "192.169.0.0",     "198.17.255.255",  "198.20.0.0",
          "198.51.99.255",   "203.0.114.0",     "223.255.255.255", "168.63.129.15",
          "2001:200::1",     "2606:4700::1111", "2a00:1450::1",    "2003::1",
          "2001:db7:ffff::", "2001:db9::",      "3ffe::1",         "64:ff9b::808:808",
          "::ffff:8.8.8.8"}) {
        const auto* found = forbidden_destination(*IpAddress::parse(address));
        EXPECT_EQ(found, nullptr) << address << " is in " << found->range;
    }
}

}  // namespace
}  // namespace botbottle
