#include "bottles/java_trust_store.h"

#include <gtest/gtest.h>

namespace botbottle {
namespace {

std::string pem(const std::string& base64) {
    return "-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----\n";
}

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) {
        constexpr char kDigits[] = "0123456789abcdef";
        text += kDigits[static_cast<unsigned char>(byte) >> 4U];
        text += kDigits[static_cast<unsigned char>(byte) & 0xfU];
    }
    return text;
}

std::string store(const std::string& certificates, std::int64_t created) {
    JavaTrustStore store(created);
    store.add(certificates);
    return std::move(store).take();
}

// That a JVM reads it is shown by tests/integration/clients.
TEST(JavaTrustStore, IsWhatSunsKeyStoreWrites) {
    EXPECT_EQ(hex(store(pem("AQID"), 1000)),
              "feedfeed"
              "00000002"
              "00000001"  // magic, version, entries
              "00000002"
              "0009"
              "747275737465642d30"  // a trusted certificate, "trusted-0"
              "00000000000003e8"
              "0005"
              "582e353039"  // when, "X.509"
              "00000003"
              "010203"
              "d4ab2facd4b37d5a5f9b2ecb7f28e2a90914f775");
}

TEST(JavaTrustStore, TakesEveryCertificateAndNothingElse) {
    const std::string both = store("# a root\n" + pem("AQID") + "text\n" + pem("BAUG"), 0);
    EXPECT_EQ(hex(both).substr(16, 8), "00000002");
    for (const std::string& none : {std::string(), std::string("AUTHORITY\n"),
                                    std::string("-----BEGIN CERTIFICATE-----\nAQID"), pem("")})
        EXPECT_EQ(hex(store(none, 0)).substr(16, 8), "00000000") << none;
}

TEST(JavaTrustStore, GrowsByWhatIsAddedLater) {
    JavaTrustStore grown(7);
    grown.add(pem("AQID"));
    grown.add("");
    grown.add(pem("BAUG"));
    EXPECT_EQ(hex(std::move(grown).take()), hex(store(pem("AQID") + pem("BAUG"), 7)));
}

}  // namespace
}  // namespace botbottle
