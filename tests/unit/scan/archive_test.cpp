// Files in zip archives: what is found in them, what is said of those that cannot be looked into,
// and that an archive made to be too much is refused.
#include "scan/archive.h"

#include <gtest/gtest.h>

#include "examples.h"

namespace botbottle::scan {
namespace {

constexpr unsigned kStored = 0;
constexpr unsigned kDeflated = 8;

std::string little_endian(std::size_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> (8 * i));
    return out;
}

std::string zip_entry(std::string_view name, std::string_view text, unsigned method = kDeflated,
                      unsigned flags = 0, std::string_view extra = {}) {
    const std::string content = method == kDeflated ? to_bare_deflate(text) : std::string(text);
    return std::string(kZipMagic) + little_endian(20, 2) + little_endian(flags, 2) +
           little_endian(method, 2) + little_endian(0, 8) + little_endian(content.size(), 4) +
           little_endian(text.size(), 4) + little_endian(name.size(), 2) +
           little_endian(extra.size(), 2) + std::string(name) + std::string(extra) + content;
}

std::string noise(std::size_t size) {
    std::mt19937 random(3);
    return draw(random, size, kLetters);
}

TEST(Zip, IsLookedInto) {
    const std::string token = github_token();
    const std::string long_text = draw(*std::make_unique<std::mt19937>(2), 60000, "abcdefgh \n");
    const struct {
        const char* name;
        std::string text;
    } rows[] = {
        {"deflated", zip_entry("a", token)},
        {"stored", zip_entry("a", token, kStored)},
        {"the second of two", zip_entry("a", long_text) + zip_entry("b", "x " + token)},
        {"far in a long one", zip_entry("a", long_text + token + long_text)},
        {"behind a program", noise(50000) + zip_entry("a", token)},
        {"a long name", zip_entry(std::string(60000, 'n'), token)},
        {"an extra field", zip_entry("a", token, kDeflated, 8, std::string(30000, '\0'))},
        {"in each other", zip_entry("a.zip", long_text + zip_entry("b", "y " + token))},
        {"gzip in zip", zip_entry("a.gz", to_gzip(token + long_text))},
        {"zip in gzip", to_gzip(zip_entry("a", token))},
        {"base64 of zip", to_base64(zip_entry("a", token))},
        {"UTF-16 in zip", zip_entry("a", to_utf16(token))},
        {"a name", zip_entry(token, "x")},
    };
    for (const auto& row : rows)
        EXPECT_TRUE(finds(scan_all(row.text), "github-token")) << row.name;
}

TEST(Zip, IsFoundHoweverItIsCut) {
    const std::string text = noise(700) + zip_entry("a/long/name.txt", github_token());
    for (std::size_t size = 1; size < 60; ++size) {
        Stream stream(builtin(), nullptr);
        for (std::size_t at = 0; at < text.size(); at += size)
            stream.feed(std::string_view(text).substr(at, size));
        stream.finish();
        ASSERT_EQ(stream.findings().size(), 1U) << size;
        EXPECT_EQ(stream.findings()[0].offset, 700U);
        EXPECT_EQ(stream.findings()[0].seen_through, "compression");
    }
}

TEST(Zip, SaysWhatCannotBeSeen) {
    const auto opaque = [](const std::string& text) {
        Stream stream(builtin(), nullptr);
        stream.feed(text);
        EXPECT_TRUE(stream.finish());
        const bool was = stream.opaque();
        stream.reset();
        EXPECT_FALSE(stream.opaque());
        return was;
    };
    constexpr unsigned kLzma = 14;
    EXPECT_TRUE(opaque(zip_entry("a", noise(500), kDeflated, 1)));
    EXPECT_TRUE(opaque(zip_entry("a", noise(500), kLzma)));
    EXPECT_TRUE(opaque(to_gzip(zip_entry("a", noise(500), kLzma))));
    EXPECT_TRUE(opaque(std::string("7z\xbc\xaf\x27\x1c", 6) + noise(500)));
    EXPECT_FALSE(opaque(zip_entry("a", noise(500))));
    EXPECT_FALSE(opaque(zip_entry("a", noise(500), kStored)));
    EXPECT_FALSE(opaque(noise(500)));
}

TEST(Zip, ThatIsABombIsRefused) {
    const std::string blanks(std::size_t{8} << 20U, ' ');
    EXPECT_TRUE(finds(scan_all(zip_entry("a", blanks)), "scan-budget"));
    // Each within its own bounds, but not together.
    std::string many;
    const std::string one = zip_entry("a", std::string(std::size_t{3} << 20U, ' '));
    for (int i = 0; i < 40; ++i)
        many += one;
    EXPECT_TRUE(finds(scan_all(many), "scan-budget"));
    std::string layers = "x";
    for (int layer = 0; layer < 5; ++layer)
        layers = zip_entry("a", layers);
    EXPECT_TRUE(finds(scan_all(layers), "scan-budget"));
    std::string entries;
    const std::string empty = zip_entry("a", "");
    for (int i = 0; i < 70000; ++i)
        entries += empty;
    EXPECT_TRUE(finds(scan_all(entries), "scan-budget"));
}

TEST(Zip, OfOrdinaryTextPasses) {
    std::string archive;
    for (int i = 0; i < 300; ++i)
        archive += zip_entry("src/file" + std::to_string(i), noise(300));
    EXPECT_TRUE(scan_all(archive).empty());
    EXPECT_TRUE(scan_all(zip_entry("a", zip_entry("b", zip_entry("c", "text")))).empty());
}

TEST(ZipHead, IsReadStrictly) {
    const std::string entry = zip_entry("name", "text", kStored, 0, "extra");
    const auto head = read_zip_head(entry);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->size, kZipHead + 4 + 5);
    EXPECT_EQ(head->content, ZipHead::Content::kStored);
    EXPECT_FALSE(read_zip_head(entry.substr(0, kZipHead - 1)));
    EXPECT_FALSE(read_zip_head("PK\1\2" + entry.substr(4)));
}

}  // namespace
}  // namespace botbottle::scan
