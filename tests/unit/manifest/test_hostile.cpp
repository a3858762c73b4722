// Input that is meant to hurt is handled or refused, with work in proportion to its size.
#include <gtest/gtest.h>

#include "fixture.h"
#include "manifest/manifest_file.h"
#include "manifest/store.h"
#include "work.h"

namespace botbottle {
namespace {

// Twice what the dearest of the rows below needs; work that grows with the square of
// its input needs thousands of times as much.
constexpr std::size_t kBytesForEach = 1000;
constexpr std::size_t kAtLeast = 1024 * 1024;

// Runs it and holds what it asked of the heap against the size of its input.
template <class Run>
auto bounded(const std::string& name, std::size_t input, Run run) {
    const test::Work before = test::work_so_far();
    auto result = run();
    const test::Work after = test::work_so_far();
    EXPECT_LT(after.bytes - before.bytes, kAtLeast + kBytesForEach * input)
        << name << ": " << after.allocations - before.allocations << " allocations for " << input
        << " bytes";
    EXPECT_GT(after.bytes - before.bytes, input) << name << ": it is not counted";
    return result;
}

std::string repeat(const std::string& piece, std::size_t count) {
    std::string text;
    text.reserve(piece.size() * count);
    for (std::size_t i = 0; i < count; ++i)
        text += piece;
    return text;
}

std::string fill(const std::string& piece) {
    return repeat(piece, static_cast<std::size_t>(kLargestManifest) / piece.size() - 16);
}

TEST(Hostile, TenThousandRoutes) {
    std::string yaml = "egress:\n  routes:\n";
    for (int i = 0; i < 10000; ++i) {
        yaml += "    - host: h" + std::to_string(i) +
                ".example.com\n      ports: [443, 8443]\n      methods: [GET, POST]\n      "
                "path_allowlist: [/a/b]\n";
    }
    const auto bottle =
        bounded("ten thousand routes", yaml.size(), [&] { return test::bottle_of(yaml); });
    ASSERT_TRUE(bottle) << bottle.error().message;
    EXPECT_EQ(bottle->routes.size(), 10000);
}

TEST(Hostile, LargeInputsTakeWorkInProportion) {
    struct Row {
        const char* name;
        std::string yaml;
        bool accepted;
    };
    const Row rows[] = {
        {"nested lists", "env: " + repeat("[", 100000), false},
        {"nested lists in blocks", repeat("- ", 100000), false},
        {"nested mappings", repeat("{a: ", 100000), false},
        {"deep indentation",
         [] {
             std::string text;
             for (std::size_t i = 0; i < 1000; ++i)
                 text += std::string(i, ' ') + "a:\n";
             return text;
         }(),
         false},
        {"many keys",
         [] {
             std::string text;
             for (int i = 0; i < 100000; ++i)
                 text += "k" + std::to_string(i) + ": 1\n";
             return text;
         }(),
         false},
        {"many variables",
         [] {
             std::string text = "env:\n";
             for (int i = 0; i < 100000; ++i)
                 text += "  K" + std::to_string(i) + ": v\n";
             return text;
         }(),
         true},
        {"one long scalar", "env:\n  A: " + fill("x"), true},
        {"one long quoted scalar", "env:\n  A: \"" + fill("\\n") + "\"", true},
        {"one long key", fill("x") + ": 1", false},
        {"question marks", fill("? "), false},
        {"colons", fill(": "), false},
        {"quotes", fill("'"), false},
        {"comments", fill("# x\n"), true},
        {"empty lines", fill("\n"), true},
        {"anchors", fill("&a "), false},
        {"a bomb of aliases", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", false},
        {"tags", fill("!a "), false},
        {"flow commas", "env: [" + fill(","), false},
        {"ports", "egress:\n  routes:\n    - host: a.example\n      ports: [" + fill("1, ") + "1]",
         false},
    };
    for (const Row& row : rows) {
        const auto bottle =
            bounded(row.name, row.yaml.size(), [&] { return test::bottle_of(row.yaml); });
        EXPECT_EQ(bottle.has_value(), row.accepted)
            << row.name << (bottle ? "" : bottle.error().message.substr(0, 300));
    }
}

TEST(Hostile, AChainOfAThousandBottles) {
    test::Places places;
    std::size_t written = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::string parent = i == 0 ? "" : "extends: b" + std::to_string(i - 1) + "\n";
        const std::string text = "---\n" + parent + "env: {A: x}\n---\n";
        places.write(QStringLiteral("home/bottles/b%1.md").arg(i), text);
        written += text.size();
    }
    const auto bottle = bounded("a chain", written, [&] {
        return ManifestStore::load(places.home(), {}).bottle(QStringLiteral("b999"));
    });
    ASSERT_TRUE(bottle) << bottle.error().message;
    EXPECT_EQ(bottle->chain.size(), 1000);
}

}  // namespace
}  // namespace botbottle
