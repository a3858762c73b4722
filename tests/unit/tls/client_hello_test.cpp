// The first bytes of a tunnel that is not decrypted. A real ClientHello, made by OpenSSL, and what
// an agent could make of it.
#include "tls/client_hello.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "tls/openssl.h"

namespace botbottle::tls {
namespace {

// The handshake message, without its record header.
std::string hello_for(const char* name) {
    const ContextPtr context(SSL_CTX_new(TLS_client_method()));
    const SslPtr client(SSL_new(context.get()));
    SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (name != nullptr) SSL_set_tlsext_host_name(client.get(), name);
    SSL_connect(client.get());
    const char* bytes = nullptr;
    const auto size = BIO_get_mem_data(SSL_get_wbio(client.get()), &bytes);
    return std::string(bytes, static_cast<std::size_t>(size)).substr(5);
}

std::string record(std::string_view content) {
    std::string bytes("\x16\x03\x01", 3);
    bytes.push_back(static_cast<char>(content.size() >> 8));
    bytes.push_back(static_cast<char>(content.size() & 0xFF));
    return bytes.append(content);
}

HelloVerdict judge(std::string_view bytes, const char* host = "opaque.example") {
    return judge_client_hello(bytes, *Host::parse(host));
}

TEST(ClientHello, ItsNameMustBeTheHost) {
    EXPECT_EQ(judge(record(hello_for("opaque.example"))).state, HelloState::kGood);
    EXPECT_EQ(judge(record(hello_for("other.example"))).rule, "sni_mismatch");
    EXPECT_EQ(judge(record(hello_for(nullptr))).rule, "sni_missing");
    EXPECT_EQ(judge(record(hello_for(nullptr)), "192.0.2.1").state, HelloState::kGood);
}

// However it arrives, nothing is said before the end, and then the same.
TEST(ClientHello, EveryPrefixWaits) {
    const std::string hello = hello_for("opaque.example");
    const std::string whole = record(hello.substr(0, 7)) + record(hello.substr(7));
    for (std::size_t size = 0; size < whole.size(); ++size)
        ASSERT_EQ(judge(whole.substr(0, size)).state, HelloState::kNeedMore) << size;
    EXPECT_EQ(judge(whole).state, HelloState::kGood);
}

// The first message is complete and good before its record is: what follows in that record would
// be read by the origin alone.
TEST(ClientHello, ASecondMessageInTheSameRecordIsRefused) {
    const std::string first = hello_for("opaque.example");
    const std::string both = record(first + hello_for("other.example"));
    for (std::size_t size = 0; size < both.size(); ++size)
        ASSERT_NE(judge(both.substr(0, size)).state, HelloState::kGood) << size;
    EXPECT_EQ(judge(both).rule, "not_tls");
}

TEST(ClientHello, WhatIsNoClientHelloIsRefusedAtOnce) {
    EXPECT_EQ(judge("GET / HTTP/1.1\r\n").rule, "not_tls");
    EXPECT_EQ(judge(record(std::string("\x02\x00\x00\x00", 4))).rule, "not_tls");
    EXPECT_EQ(judge(record("")).rule, "not_tls");
    EXPECT_EQ(judge(std::string("\x16\x03\x01\xff\xff", 5)).rule, "not_tls");
}

}  // namespace
}  // namespace botbottle::tls
