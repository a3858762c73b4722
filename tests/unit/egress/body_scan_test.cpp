// Bodies: what goes on, when, and what an encoding may be.
#include "egress/body_scan.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>

#include "scanning.h"

namespace botbottle::egress {
namespace {

std::string deflated(std::string_view text, int window_bits) {
    z_stream stream{};
    EXPECT_EQ(
        deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}
constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kBare = -15;

// One frame with one block that is not compressed, RFC 8878 3.1.1.
std::string zstd_frame(std::string_view text) {
    const auto byte = [](std::size_t value) { return static_cast<char>(value & 0xffU); };
    std::string frame = "\x28\xb5\x2f\xfd\x20";
    frame += byte(text.size());
    const std::size_t block = text.size() << 3U | 1U;
    frame += {byte(block), byte(block >> 8U), byte(block >> 16U)};
    return frame + std::string(text);
}

struct Outcome {
    std::string passed;
    std::optional<Caught> caught;
};

Outcome sent(std::string_view body, std::size_t piece, const http::HeaderFields& fields = {},
             const http::HeaderFields& trailers = {}) {
    ScannerPool pool;
    BodyScan scan(pool, tables(), fields, true);
    Outcome outcome;
    for (std::size_t at = 0; at < body.size() && !scan.caught(); at += piece)
        if (const auto released = scan.feed(body.substr(at, piece)))
            outcome.passed += joined(*released);
    if (const auto released = scan.finish(trailers)) outcome.passed += joined(*released);
    outcome.caught = scan.caught();
    return outcome;
}

TEST(BodyScan, PassesWhatIsCleanAsItCame) {
    std::string body;
    for (int line = 0; line < 900; ++line)
        body += "line " + std::to_string(line) + '\n';
    for (const std::size_t piece : {1UL, 7UL, 2047UL, 2048UL, 5000UL, 100000UL})
        EXPECT_EQ(sent(body, piece).passed, body) << piece;
    const std::string packed = deflated(body, kGzip);
    for (const std::size_t piece : {1UL, 100UL, 100000UL})
        EXPECT_EQ(sent(packed, piece, {{"Content-Encoding", "gzip"}}).passed, packed) << piece;
    EXPECT_EQ(sent("", 1, {{"Content-Encoding", "gzip"}}).caught, std::nullopt);
}

TEST(BodyScan, LetsNothingOfASecretOut) {
    const std::string secret = token();
    const std::string before(5000, 'b');
    std::string body = before;
    body.append(" ").append(secret).append(" ").append(before);
    for (const std::size_t piece : {1UL, 16UL, 4096UL, 100000UL}) {
        const Outcome outcome = sent(body, piece);
        ASSERT_TRUE(outcome.caught) << piece;
        EXPECT_EQ(outcome.caught->rule, "github-token");
        EXPECT_NE(outcome.caught->reason.find("at byte 5001"), std::string::npos)
            << outcome.caught->reason;
        EXPECT_EQ(outcome.passed.find_first_not_of('b'), std::string::npos);
    }
}

TEST(BodyScan, LooksIntoWhatCanBeDecoded) {
    const std::string text = "before " + token() + " after";
    const std::pair<const char*, std::string> bodies[] = {
        {"gzip", deflated(text, kGzip)},
        {"GZip", deflated(text, kGzip) + deflated("more", kGzip)},
        {"gzip", deflated("less", kGzip) + deflated(text, kGzip)},
        {"deflate", deflated(text, kZlib)},
        {"deflate", deflated(text, kBare)},
        {"identity", text},
        {"deflate, gzip", deflated(deflated(text, kBare), kGzip)},
        {"zstd", zstd_frame(text)},
        {"gzip, zstd", zstd_frame(deflated(text, kGzip))}};
    for (const auto& [coding, body] : bodies) {
        for (const std::size_t piece : {1UL, 1000UL}) {
            const Outcome outcome = sent(body, piece, {{"Content-Encoding", coding}});
            ASSERT_TRUE(outcome.caught) << coding;
            EXPECT_EQ(outcome.caught->rule, "github-token") << coding;
            EXPECT_EQ(outcome.passed, "") << coding;
        }
    }
}

TEST(BodyScan, RefusesWhatCannotBeDecoded) {
    const std::string packed = deflated("nothing of interest", kGzip);
    const std::pair<const char*, std::string> bodies[] = {
        {"compress", "text"},
        {"gzip, x", packed},
        {"gzip", "text"},
        {"gzip", packed.substr(0, packed.size() - 1)},
        {"gzip", packed + "text"},
        {"deflate", deflated("text", kZlib) + "text"},
        {"zstd", zstd_frame("text").substr(0, 8)},
        {"zstd", zstd_frame("text") + "text"},
        {"br", "\xff\xff\xff\xff"},
        {"gzip, gzip, gzip, gzip", packed}};
    for (const auto& [coding, body] : bodies) {
        const Outcome outcome = sent(body, 1000, {{"Content-Encoding", coding}});
        ASSERT_TRUE(outcome.caught) << coding;
        EXPECT_EQ(outcome.caught->rule, "scan-encoding") << coding;
        EXPECT_EQ(outcome.passed, "") << coding;
    }
    EXPECT_TRUE(sent("", 1, {{"grpc-encoding", "snappy"}}).caught);
    EXPECT_FALSE(sent("", 1, {{"grpc-encoding", "gzip"}}).caught);
}

TEST(BodyScan, IncludesTrailers) {
    const std::string secret = token();
    EXPECT_TRUE(sent("body", 4, {}, {{"X-Sum", secret}}).caught);
    EXPECT_TRUE(sent("body", 4, {}, {{secret, "1"}}).caught);
    // Begun in the body, ended in a trailer.
    const Outcome outcome =
        sent("body " + secret.substr(0, 20), 100, {}, {{secret.substr(20), "1"}});
    ASSERT_TRUE(outcome.caught);
    EXPECT_EQ(outcome.passed, "");
    EXPECT_EQ(sent("body", 4, {}, {{"X-Sum", "1"}}).passed, "body");
}

TEST(BodyScan, GivesWholeLinesToWhoWaits) {
    ScannerPool pool;
    BodyScan scan(pool, tables(), {}, false);
    EXPECT_EQ(joined(*scan.feed("one\ntwo\nth")), "");
    EXPECT_EQ(joined(scan.wait()), "one\ntwo\n");
    EXPECT_EQ(joined(scan.wait()), "");
    EXPECT_EQ(joined(*scan.feed("ree\n" + token().substr(0, 12))), "");
    EXPECT_EQ(joined(scan.wait()), "");  // it may be the beginning of one
    BodyScan with_length(pool, tables(), {}, true);
    EXPECT_EQ(joined(*with_length.feed("one\ntwo\n")), "");
    EXPECT_EQ(joined(with_length.wait()), "");
}

// Each line is whole, and none of them is a secret.
TEST(BodyScan, KeepsTheLinesOfASecretThatComesPartByPart) {
    const std::string secret = token();
    std::string encoded(4 * ((secret.size() + 2) / 3) + 1, '\0');
    encoded.resize(static_cast<std::size_t>(EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(encoded.data()),
        reinterpret_cast<const unsigned char*>(secret.data()), static_cast<int>(secret.size()))));
    ScannerPool pool;
    BodyScan scan(pool, tables(), {}, false);
    std::string left = joined(*scan.feed("clean\n"));
    left += joined(scan.wait());
    EXPECT_EQ(left, "clean\n");
    constexpr std::size_t kPart = 8;
    for (std::size_t at = 0; at < encoded.size() && !scan.caught(); at += kPart) {
        if (const auto released = scan.feed(encoded.substr(at, kPart) + '\n'))
            left += joined(*released);
        left += joined(scan.wait());
    }
    if (const auto released = scan.finish({})) left += joined(*released);
    ASSERT_TRUE(scan.caught());
    EXPECT_EQ(scan.caught()->rule, "github-token");
    EXPECT_EQ(left, "clean\n");
}

TEST(BodyScan, GivesWholeMessagesOfGrpcToWhoWaits) {
    ScannerPool pool;
    BodyScan scan(pool, tables(), {{"Content-Type", "application/grpc+proto"}}, false);
    const std::string head("\0\0\0\0\5", 5);
    const std::string sent = head + "hello" + head + "he";
    for (const char c : sent)
        EXPECT_EQ(joined(*scan.feed({&c, 1})), "");
    EXPECT_EQ(joined(scan.wait()), head + "hello");
    EXPECT_EQ(joined(*scan.feed("llo")), "");
    EXPECT_EQ(joined(scan.wait()), head + "hello");
    EXPECT_EQ(joined(*scan.finish({})), "");
}

TEST(BodyScan, GoesOnWithWhatWasLetThrough) {
    const std::string text = "before " + token() + " between " + token() + ' ' + drawn(9000);
    const std::string packed = deflated(text, kGzip);
    for (const bool is_packed : {false, true}) {
        const std::string& body = is_packed ? packed : text;
        const http::HeaderFields fields =
            is_packed ? http::HeaderFields{{"Content-Encoding", "gzip"}} : http::HeaderFields();
        for (const std::size_t size : {7U, 1000U, 100'000U}) {
            ScannerPool pool;
            BodyScan scan(pool, tables(), fields, true, true);
            std::string passed;
            int asked = 0;
            for (std::size_t at = 0; at < body.size(); at += size) {
                const std::string piece = body.substr(at, size);
                auto released = scan.feed(piece);
                while (!released) {
                    ASSERT_EQ(scan.caught()->rule, "github-token");
                    ++asked;
                    scan.let_through();
                    released = scan.feed_again(piece);
                }
                passed += joined(*released);
            }
            auto released = scan.finish({});
            while (!released) {
                ++asked;
                scan.let_through();
                released = scan.finish_again();
            }
            passed += joined(*released);
            EXPECT_EQ(passed, body) << size;
            // A yes is for one place: a decoy opens nothing. A packed body is asked about as it
            // came, too.
            EXPECT_EQ(asked, is_packed ? 3 : 2) << size;
        }
    }
}

TEST(BodyScan, AsksAboutEachPlaceAndNothingElsePasses) {
    std::vector<scan::OwnValue> values;
    values.push_back({scan::OwnValue::Kind::kSecret, "slot", Secret(drawn(24))});
    const ScanTables both = {tables().kinds, *scan::OwnValues::create(values)};
    ScannerPool pool;
    BodyScan scan(pool, both, {}, true, true);
    const std::string body = token() + " \n" + drawn(24) + " \n";
    std::optional<Released> released = scan.feed(body);
    std::vector<std::string> rules;
    while (!released && rules.size() < 5) {
        rules.push_back(scan.caught()->rule);
        scan.let_through();
        released = scan.feed_again(body);
    }
    std::sort(rules.begin(), rules.end());
    // The token holds the secret, too.
    EXPECT_EQ(rules, (std::vector<std::string>{"github-token", "own-secret", "own-secret"}));
    const auto rest = scan.finish({});
    ASSERT_TRUE(rest);
    EXPECT_EQ((released ? joined(*released) : "") + joined(*rest), body);

    // What cannot be decoded is no question.
    BodyScan broken(pool, tables(), {{"Content-Encoding", "gzip"}}, true, true);
    EXPECT_FALSE(broken.feed("this is not gzip, " + token() + ' '));
    EXPECT_EQ(broken.caught()->rule, "scan-encoding");
}

TEST(ScannerPool, LendsOneThatKnowsTheSecretsOfNow) {
    ScannerPool pool;
    auto first = pool.take(tables());
    EXPECT_FALSE(first->feed(token() + ' '));
    const scan::Stream* const known = first.get();
    pool.give_back(std::move(first));
    auto again = pool.take(tables());
    EXPECT_EQ(again.get(), known);
    EXPECT_TRUE(again->findings().empty());
    EXPECT_TRUE(again->feed("clean ") && again->finish());
    pool.give_back(std::move(again));

    std::vector<scan::OwnValue> values;
    values.push_back({scan::OwnValue::Kind::kSecret, "slot", Secret(drawn(20))});
    const ScanTables renewed = {tables().kinds, *scan::OwnValues::create(values)};
    EXPECT_FALSE(pool.take(renewed)->feed(drawn(20)));
}

}  // namespace
}  // namespace botbottle::egress
