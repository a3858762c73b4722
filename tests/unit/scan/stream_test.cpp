// A stream finds the same however it is cut, remembers a bounded tail, and refuses what it cannot
// look through.
#include "scan/stream.h"

#include <gtest/gtest.h>

#include "examples.h"

namespace botbottle::scan {
namespace {

TEST(Stream, FindsTheSameInEveryChunking) {
    std::mt19937 random(13);
    const std::string token = github_token();
    const std::string noise = draw(random, 6000, "abc def ghi 123\n");
    const std::string text = noise + token + noise + to_base64(token) + noise;
    for (int round = 0; round < 40; ++round) {
        Stream stream(builtin(), nullptr);
        std::string_view rest = text;
        while (!rest.empty()) {
            const std::size_t size = 1 + random() % (round < 20 ? 100 : 9000);
            stream.feed(rest.substr(0, size));
            rest.remove_prefix(std::min(size, rest.size()));
        }
        stream.finish();
        ASSERT_EQ(stream.findings().size(), 2U);
        EXPECT_EQ(stream.findings()[0], (Finding{"github-token", "a GitHub token", "", 6000, 40}));
        EXPECT_EQ(stream.findings()[1].rule, "github-token");
        EXPECT_NEAR(static_cast<double>(stream.findings()[1].offset), static_cast<double>(12040),
                    8);
    }
}

// An escape behind a number may stand for a letter, which would make it a part of a longer name.
TEST(Stream, FindsANumberBeforeAnEscape) {
    for (const char* behind : {"&#113;", "%71", "\\u0071"})
        EXPECT_TRUE(
            finds(scan_all(std::string("n: 4111111111111") + "111" + behind + "x"), "payment-card"))
            << behind;
}

TEST(Stream, FindsATokenBeforeItsLastByteIsOld) {
    const std::string token = github_token();
    Stream stream(builtin(), nullptr);
    EXPECT_TRUE(stream.feed(token.substr(0, token.size() - 1)));
    EXPECT_FALSE(stream.feed(token.substr(token.size() - 1)));
}

// What was said when the sender pauses, and it is more to come.
TEST(Stream, KnowsThatASpelledSecretMayBeCut) {
    const std::string own_secret = "tk-Zr8+Qw/4nB_x.71 vGm";
    const auto own = own_values(own_secret);
    const auto in_lines = [](std::string_view text, std::size_t width) {
        std::string out;
        for (std::size_t at = 0; at < text.size(); at += width)
            out.append(text.substr(at, width)).append("\n");
        return out;
    };
    for (const std::string& secret : {github_token(), own_secret}) {
        const std::string part = secret.substr(0, 10);
        std::string entities;
        std::string codes;
        for (const char c : part) {
            entities += "&#" + std::to_string(static_cast<int>(c)) + ';';
            codes += std::to_string(static_cast<int>(c)) + ", ";
        }
        for (const auto& [name, text] :
             {std::pair("plain", part), std::pair("base64", to_base64(part)),
              std::pair("base64 at another phase", to_base64("u:" + part)),
              std::pair("base64 for URLs", to_base64_url(part)),
              std::pair("base64 in short lines", in_lines(to_base64(part), 3)),
              std::pair("base64 of base64", to_base64(to_base64(part))),
              std::pair("base32", to_base32(part).substr(0, 16)), std::pair("hex", to_hex(part)),
              std::pair("hex in lines", in_lines(to_hex(part, ":"), 9)),
              std::pair("percent", to_percent(part)),
              std::pair("percent in base64", to_base64(to_percent(part))),
              std::pair("escapes", to_unicode_escapes(part)), std::pair("entities", entities),
              std::pair("codes", codes), std::pair("UTF-16", to_utf16(part)),
              std::pair("lines", in_lines(part, 2)),
              std::pair("compressed, in base64", to_base64(to_gzip(part))),
              std::pair("a value", "{\"part\":\"" + part + "\"}")}) {
            Stream stream(builtin(), own);
            ASSERT_TRUE(stream.feed("{\"clean\": 1}\n" + text + '\n'))
                << name << ": " << stream.findings().front().rule << " in " << text;
            EXPECT_TRUE(stream.may_be_cut()) << name << ": " << text;
        }
    }
    std::string turned = own_secret.substr(0, 14);
    for (char& c : turned)
        if (std::isalpha(static_cast<unsigned char>(c)) != 0) c = static_cast<char>(c ^ 0x20);
    Stream stream(builtin(), own);
    ASSERT_TRUE(stream.feed("x " + turned));
    EXPECT_TRUE(stream.may_be_cut()) << turned;
}

// Who holds these back stops a sender that waits for its answer.
TEST(Stream, DoesNotTakeWhatIsWholeForCut) {
    const auto own = own_values("tk-Zr8+Qw/4nB_x.71 vGm");
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        const std::string id = draw(random, 22, kLetters);
        const std::string uuid = to_hex(draw(random, 4, kLetters)) + "-4a1b-9c3d";
        for (const std::string& text :
             {"{\"event\":\"message\",\"id\":\"" + id + "\",\"done\":false}\n",
              "data: the quick brown fox number " + std::to_string(round) + "\n\n", id,
              std::string("\n\x16") + id, uuid, to_base64(id), to_hex(id)}) {
            Stream stream(builtin(), own);
            ASSERT_TRUE(stream.feed(text));
            EXPECT_FALSE(stream.may_be_cut()) << text;
        }
    }
}

TEST(Stream, KnowsThatATokenMayBeCut) {
    const std::string token = github_token();
    Stream stream(builtin(), nullptr);
    stream.feed("data: {}\n\n");
    EXPECT_FALSE(stream.may_be_cut());
    stream.feed("a " + token.substr(0, 20));
    EXPECT_TRUE(stream.may_be_cut());
    stream.feed("!\n");
    EXPECT_FALSE(stream.may_be_cut());
    const auto own = own_values("tk-Zr8+Qw/4nB_x.71vGm");
    Stream second(builtin(), own);
    second.feed("x tk-Zr8+");
    EXPECT_TRUE(second.may_be_cut());
}

TEST(Stream, LooksThroughEncodingsOfTokens) {
    const std::string token = github_token();
    const std::string long_noise = draw(*std::make_unique<std::mt19937>(2), 40000, "abcdefgh \n");
    const struct {
        const char* name;
        std::string text;
    } cases[] = {
        {"base64", to_base64("x" + token)},
        {"base64 after a slash", "/v1/files/" + to_base64(token)},
        {"data URL", "data:text/plain;base64," + to_base64(token)},
        {"url base64", to_base64_url("xy" + token)},
        {"hex", to_hex(token)},
        {"base32", to_base32(token)},
        {"percent", to_percent(token)},
        {"bad escape in the same pair", "k=" + to_percent(token) + "%zz;"},
        {"json in json", "{\\\\\\\"k\\\\\\\":\\\\\\\"" + token + "\\\\\\\"}"},
        {"unicode escapes", to_unicode_escapes(token)},
        {"UTF-16", to_utf16(token)},
        {"zero-width", token.substr(0, 9) + "\xe2\x80\x8b" + token.substr(9)},
        {"line end inside", token.substr(0, 9) + "\n" + token.substr(9)},
        {"NUL inside", token.substr(0, 9) + std::string(1, '\0') + token.substr(9)},
        {"gzip", to_gzip(long_noise + token + long_noise)},
        {"gzip within", long_noise + to_gzip(long_noise + token)},
        {"gzip in gzip", to_gzip("x" + to_gzip(long_noise + token))},
        {"base64 of gzip", to_base64(to_gzip(token))},
        {"base64 of base64 of hex", to_base64(to_base64(to_hex(token)))},
        {"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\n" +
                                 token.substr(0, 12) + "=\n" + token.substr(12)},
        {"duplicate keys", "{\"a\":\"" + token + "\",\"a\":\"x\"}"},
        {"JSON key", "{\"" + token + "\":1}"},
        {"values of JSON",
         "{\"a\":\"" + token.substr(0, 11) + "\",\"b\":\"" + token.substr(11) + "\"}"},
        {"deep JSON", std::string(300, '[') + "\"" + token + "\"" + std::string(300, ']')},
    };
    for (const auto& one : cases)
        EXPECT_TRUE(finds(scan_all(one.text), "github-token")) << one.name;
}

// Compressed bytes are unpacked in the last layer that is decoded, too, and nothing lies below it.
TEST(Stream, UnpacksInEachLayerOfEncoding) {
    std::string text = to_gzip("key: " + github_token() + "\n");
    for (int layer = 1; layer <= 4; ++layer) {
        text = to_base64(text);
        EXPECT_TRUE(finds(scan_all(text), "github-token")) << layer << " layers";
    }
    // Deeper than is looked, with an encoding inside of what is unpacked.
    std::string deep = to_gzip(to_base64(to_gzip(to_base64(github_token()))));
    for (int layer = 1; layer <= 6; ++layer) {
        deep = to_base64(deep);
        (void)scan_all(deep);
    }
}

TEST(Stream, RefusesABomb) {
    const std::string zeros(64U * 1024 * 1024, '0');
    const auto findings = scan_all(to_gzip(zeros));
    EXPECT_TRUE(finds(findings, "scan-budget"));
}

TEST(Stream, WorksWithinItsBudgetOnNestedText) {
    // Layers of base64 around text, much deeper than is looked through.
    std::string text = "nothing to see here, move along please";
    for (int layer = 0; layer < 12; ++layer)
        text = to_base64(text);
    EXPECT_TRUE(scan_all(text).empty() || finds(scan_all(text), "scan-budget"));
}

TEST(Stream, ListsSoManyFindingsAndNoMore) {
    std::mt19937 random(17);
    std::string text;
    for (int token = 0; token < 300; ++token)
        text += std::string("gh") + "p_" + draw(random, 36, kLetters) + "\n\n";
    EXPECT_EQ(scan_all(text).size(), Stream::kMostFindings);
}

}  // namespace
}  // namespace botbottle::scan
