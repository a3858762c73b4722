// What people write becomes what protocols carry.
#include "base/idna.h"

#include <gtest/gtest.h>

#include <string_view>

namespace botbottle {
namespace {

TEST(HostFromUnicode, WritesALabels) {
    struct Case {
        std::string_view input, text;
    };
    const Case cases[] = {
        {"Example.COM.", "example.com"},
        {"b\u00fccher.example", "xn--bcher-kva.example"},
        {"B\u00dcCHER.example.", "xn--bcher-kva.example"},
        {"bu\u0308cher.example", "xn--bcher-kva.example"},  // decomposed
        {"b\u00fccher\u3002example", "xn--bcher-kva.example"},
        {"fa\u00df.example", "xn--fa-hia.example"},  // non-transitional: not "fass"
        {"\u4f8b\u3048.\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah"},
        {"\uff45xample.com", "example.com"},
    };
    for (const auto& [input, text] : cases) {
        const auto host = host_from_unicode(input);
        ASSERT_TRUE(host) << input << ": " << host.error().message;
        EXPECT_EQ(host->text(), text);
    }
}

TEST(HostFromUnicode, KeepsAHomographApart) {
    const auto cyrillic = host_from_unicode("ex\u0430mple.com");
    ASSERT_TRUE(cyrillic);
    EXPECT_NE(cyrillic->text(), "example.com");
}

TEST(HostFromUnicode, Refuses) {
    using namespace std::string_view_literals;
    for (const std::string_view input :
         {"\uff11\uff12\uff17.0.0.1"sv,  // full-width digits: an address in disguise
          "\u2488\u2488.example"sv,      // maps to "1."
          "a\u2100b.example"sv,          // maps to "a/c"
          "\u00fc\0.example"sv, "\xff\xfe.example"sv, "b\u00fccher..example"sv,
          "b\u00fccher.example:443"sv, "u@b\u00fccher.example"sv, "127.1"sv, ""sv, "\u200b"sv}) {
        EXPECT_FALSE(host_from_unicode(input)) << input;
    }
}

}  // namespace
}  // namespace botbottle
