// The fields of the authority and of a leaf, as strict clients read them.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <thread>

#include "tls/authority.h"
#include "tls/leaf_store.h"

namespace botbottle::tls {
namespace {

CertificateAuthority make_authority() {
    auto material = create_authority("botbottle test");
    EXPECT_TRUE(material);
    auto authority = CertificateAuthority::load(material->certificate, material->private_key);
    EXPECT_TRUE(authority);
    return std::move(*authority);
}

CertificatePtr parse(const std::string& pem) {
    BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return CertificatePtr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

TEST(Authority, IsAConstrainedRoot) {
    auto material = create_authority("botbottle test");
    ASSERT_TRUE(material);
    CertificatePtr certificate = parse(material->certificate);
    ASSERT_TRUE(certificate);
    EXPECT_EQ(X509_check_ca(certificate.get()), 1);
    EXPECT_EQ(X509_get_pathlen(certificate.get()), 0);
    EXPECT_EQ(X509_get_key_usage(certificate.get()), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    EXPECT_NE(X509_get0_subject_key_id(certificate.get()), nullptr);
    EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
    EXPECT_NE(material->private_key.reveal().find("PRIVATE KEY"), std::string_view::npos);
}

// OpenSSL reads any BER; Go and other readers of DER do not.
TEST(Authority, IsTheSameWhenItIsWrittenAgainAsDer) {
    auto material = create_authority("botbottle test");
    ASSERT_TRUE(material);
    CertificatePtr certificate = parse(material->certificate);
    const int index = X509_get_ext_by_NID(certificate.get(), NID_basic_constraints, -1);
    ASSERT_GE(index, 0);
    const ASN1_OCTET_STRING* value =
        X509_EXTENSION_get_data(X509_get_ext(certificate.get(), index));
    const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                            static_cast<std::size_t>(ASN1_STRING_length(value)));
    EXPECT_EQ(bytes, std::string("\x30\x06\x01\x01\xff\x02\x01\x00", 8));
}

TEST(Authority, RefusesWhatDoesNotFit) {
    auto one = create_authority("one");
    auto other = create_authority("other");
    ASSERT_TRUE(one);
    ASSERT_TRUE(other);
    EXPECT_FALSE(CertificateAuthority::load(one->certificate, other->private_key));
    EXPECT_FALSE(CertificateAuthority::load("", one->private_key));
    EXPECT_FALSE(CertificateAuthority::load(one->certificate, Secret()));
    // A leaf is no authority.
    auto authority = CertificateAuthority::load(one->certificate, one->private_key);
    auto key = make_key();
    auto leaf = authority->mint({"a.example", false}, key->get());
    ASSERT_TRUE(leaf);
    BioPtr pem(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(pem.get(), leaf->get());
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(pem.get(), &data));
    BioPtr key_pem(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key->get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* key_data = nullptr;
    const auto key_size = static_cast<std::size_t>(BIO_get_mem_data(key_pem.get(), &key_data));
    EXPECT_FALSE(CertificateAuthority::load({data, size}, Secret({key_data, key_size})));
}

struct LeafCase {
    LeafName name;
    const char* alternative;  // as OpenSSL prints it
    bool alternative_critical;
};

class Leaf : public ::testing::TestWithParam<LeafCase> {};

TEST_P(Leaf, HasTheFieldsThatStrictClientsWant) {
    auto material = create_authority("botbottle test");
    ASSERT_TRUE(material);
    CertificatePtr root = parse(material->certificate);
    auto authority = CertificateAuthority::load(material->certificate, material->private_key);
    auto key = make_key();
    auto leaf = authority->mint(GetParam().name, key->get());
    ASSERT_TRUE(leaf) << leaf.error().message;
    X509* c = leaf->get();

    EXPECT_EQ(X509_get_version(c), X509_VERSION_3);
    EXPECT_EQ(X509_check_ca(c), 0);
    EXPECT_EQ(X509_get_key_usage(c), KU_DIGITAL_SIGNATURE);
    EXPECT_EQ(X509_get_extended_key_usage(c), static_cast<std::uint32_t>(XKU_SSL_SERVER));
    EXPECT_EQ(X509_get0_subject_key_id(c), nullptr);
    EXPECT_EQ(
        ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(c), X509_get0_subject_key_id(root.get())),
        0);
    const ASN1_INTEGER* serial = X509_get0_serialNumber(c);
    EXPECT_FALSE(ASN1_STRING_type(serial) & V_ASN1_NEG);
    EXPECT_EQ(ASN1_STRING_length(serial), 16);
    int days = 0;
    int seconds = 0;
    ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(c), X509_get0_notAfter(c));
    EXPECT_LE(days, 199);
    EXPECT_LT(X509_cmp_current_time(X509_get0_notBefore(c)), 0);

    const int at = X509_get_ext_by_NID(c, NID_subject_alt_name, -1);
    ASSERT_GE(at, 0);
    X509_EXTENSION* extension = X509_get_ext(c, at);
    EXPECT_EQ(X509_EXTENSION_get_critical(extension) != 0, GetParam().alternative_critical);
    BioPtr text(BIO_new(BIO_s_mem()));
    X509V3_EXT_print(text.get(), extension, 0, 0);
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(text.get(), &data));
    EXPECT_EQ(std::string(data, size), GetParam().alternative);

    StorePtr store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), root.get());
    std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), c, nullptr);
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
    EXPECT_EQ(X509_verify_cert(context.get()), 1)
        << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

INSTANTIATE_TEST_SUITE_P(
    Names, Leaf,
    ::testing::Values(LeafCase{{"api.example", false}, "DNS:api.example", false},
                      LeafCase{{"192.0.2.7", true}, "IP Address:192.0.2.7", false},
                      LeafCase{{"2001:db8::1", true}, "IP Address:2001:DB8:0:0:0:0:0:1", false},
                      LeafCase{{std::string(60, 'a') + ".example", false},
                               "DNS:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                               ".example",
                               true}));

TEST(LeafStore, OneLeafPerNameHoweverManyAsk) {
    auto store = LeafStore::create(make_authority());
    ASSERT_TRUE(store);
    std::vector<CertificatePtr> leaves(8);
    std::vector<std::thread> threads;
    threads.reserve(leaves.size());
    for (auto& leaf : leaves)
        threads.emplace_back([&] { leaf = std::move(*(*store)->leaf_for({"a.example", false})); });
    for (auto& thread : threads)
        thread.join();
    for (const auto& leaf : leaves)
        EXPECT_EQ(leaf.get(), leaves.front().get());
}

TEST(LeafStore, ForgetsTheLeastRecentlyUsed) {
    auto store = LeafStore::create(make_authority(), 2);
    ASSERT_TRUE(store);
    const auto ask = [&](const char* host) {
        return std::move(*(*store)->leaf_for({host, false}));
    };
    const CertificatePtr a = ask("a.example");
    const CertificatePtr b = ask("b.example");
    EXPECT_EQ(ask("a.example").get(), a.get());
    const CertificatePtr c = ask("c.example");
    EXPECT_EQ(ask("a.example").get(), a.get());
    EXPECT_NE(ask("b.example").get(), b.get());
}

}  // namespace
}  // namespace botbottle::tls
