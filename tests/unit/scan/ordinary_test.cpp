// What agents send all day passes: source code, JSON of their APIs, hashes, images, signed URLs.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "examples.h"

namespace botbottle::scan {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string to_json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '\n')
            out += "\\n";
        else if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) >= 0x20)
            out += c;
    }
    return out + '"';
}

void expect_clean(std::string_view text, std::string_view name) {
    static std::mt19937 random(29);
    static const auto own = own_values(draw(random, 40, kLetters));
    for (const Finding& finding : scan_all(text, own))
        ADD_FAILURE() << name << ": " << finding.rule << " at " << finding.offset << " ("
                      << finding.seen_through << ") "
                      << text.substr(finding.offset, std::min<std::size_t>(finding.length, 80));
}

TEST(Ordinary, SourceCodeOfThisTreePasses) {
    std::size_t files = 0;
    for (const char* room :
         {"common", "core", "docs", "plugins", "resources", "scripts", "sidecars", "tests"})
        for (const auto& entry :
             fs::recursive_directory_iterator(fs::path(BOTBOTTLE_SOURCE) / room)) {
            const std::string name = entry.path().string();
            // Corpora of fuzzers hold what looks like a token on purpose.
            if (!entry.is_regular_file() || entry.file_size() > 300000 ||
                name.find("/corpus/") != std::string::npos)
                continue;
            const std::string text = read(entry.path());
            expect_clean(text, name);
            // As the tool result of an agent, and as a diff.
            expect_clean("{\"content\":" + to_json_string(text) + "}", name + " (JSON)");
            ++files;
        }
    EXPECT_GT(files, 100U);
}

TEST(Ordinary, TrafficPasses) {
    std::mt19937 random(23);
    const std::string hex = "0123456789abcdef";
    std::string hashes;
    for (int line = 0; line < 200; ++line)
        hashes += draw(random, 64, hex) + "  file" + std::to_string(line) + "\n" +
                  draw(random, 40, hex) + " refs/heads/x\n";
    std::string lock;
    for (int line = 0; line < 200; ++line)
        lock += "\"integrity\": \"sha512-" +
                to_base64(draw(random, 64, std::string("\x01\x7f\xc3\x99 abc", 8))) +
                "\",\n\"resolved\": \"https://registry.example/@scope/name/-/name-1.2." +
                std::to_string(line) + ".tgz\",\n";
    std::string image;
    while (image.size() < 300000)
        image += static_cast<char>(random());
    std::string numbers;
    for (int line = 0; line < 500; ++line)
        numbers += std::to_string(random()) + ", 0." + std::to_string(random()) + "e-7, " +
                   std::to_string(1700000000000ULL + random()) + "\n";
    std::string uuids;
    for (int line = 0; line < 300; ++line)
        uuids += draw(random, 8, hex) + "-" + draw(random, 4, hex) + "-4" + draw(random, 3, hex) +
                 "-a" + draw(random, 3, hex) + "-" + draw(random, 12, hex) + " toolu_01" +
                 draw(random, 22, kLetters) + " msg_" + draw(random, 24, kLetters) + "\n";
    const struct {
        const char* name;
        std::string text;
    } cases[] = {
        {"hashes", hashes},
        {"lock file", lock},
        {"image", image},
        {"image in base64", "data:image/png;base64," + to_base64(image)},
        {"image in url base64", to_base64_url(image)},
        {"numbers", numbers},
        {"identifiers", uuids},
        {"line end in a query", "/search?q=a%0Ab%0D%0Ac"},
        {"object in hex", "0x" + draw(random, 64, hex)},
        {"cursor",
         "/list?token=" + draw(random, 40, kLetters) + "&page_token=" + draw(random, 64, kLetters)},
        {"signed path", "/file/" + draw(random, 86, kLetters) + "/" + draw(random, 43, kLetters)},
        {"examples of documents",
         "export API_KEY=your-api-key-here\nexport TOKEN=<token>\n"
         "postgres://user:password@localhost:5432/db\n"
         "Authorization: Bearer $TOKEN\nAKIAIOSFODNN7EXAMPLE\n"},
        {"words", "risk-assessment task-based disk-encryption sk-learn oy2 pat.match A3-sized"},
    };
    for (const auto& one : cases)
        expect_clean(one.text, one.name);
}

}  // namespace
}  // namespace botbottle::scan
