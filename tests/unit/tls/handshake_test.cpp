// Whole handshakes in memory: what the bottle's side admits, and what the origin's side accepts.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tls/alpn.h"
#include "tls/client_context.h"
#include "tls/server_context.h"
#include "tls/trust_store.h"

namespace botbottle::tls {
namespace {

Host host(std::string_view text) {
    return *Host::parse(text);
}

// Runs both ends until neither moves. True when both finished.
bool handshake(SSL* client, SSL* server) {
    BIO* near = nullptr;
    BIO* far = nullptr;
    BIO_new_bio_pair(&near, 0, &far, 0);
    SSL_set_bio(client, near, near);
    SSL_set_bio(server, far, far);
    int c = 0;
    int s = 0;
    for (int turn = 0; turn < 10 && (c != 1 || s != 1); ++turn) {
        c = SSL_do_handshake(client);
        s = SSL_do_handshake(server);
    }
    return c == 1 && s == 1;
}

struct Parties {
    std::string root;
    std::unique_ptr<ServerContext> server;
};

Parties make_parties() {
    auto material = create_authority("botbottle test");
    auto authority = CertificateAuthority::load(material->certificate, material->private_key);
    auto leaves = LeafStore::create(std::move(*authority));
    auto server = ServerContext::create(std::move(*leaves));
    return {material->certificate, std::move(*server)};
}

struct IdentityCase {
    const char* admitted;
    const char* server_name;  // null: none
    const char* rule;         // empty: accepted
};

class Identity : public ::testing::TestWithParam<IdentityCase> {};

TEST_P(Identity, ServerNameMustBeTheAdmittedHost) {
    const auto& [admitted, server_name, rule] = GetParam();
    const Parties parties = make_parties();
    ServerHandshake expectation(host(admitted));
    SslPtr server = parties.server->new_connection(expectation);
    ContextPtr context(SSL_CTX_new(TLS_client_method()));
    SslPtr client(SSL_new(context.get()));
    if (server_name != nullptr) SSL_set_tlsext_host_name(client.get(), server_name);
    SSL_set_connect_state(client.get());
    EXPECT_EQ(handshake(client.get(), server.get()), *rule == '\0');
    EXPECT_EQ(expectation.rule, rule);
    ERR_clear_error();
}

INSTANTIATE_TEST_SUITE_P(Names, Identity,
                         ::testing::Values(IdentityCase{"a.example", "a.example", ""},
                                           IdentityCase{"a.example", "A.Example", ""},
                                           IdentityCase{"a.example", "b.example", "sni_mismatch"},
                                           IdentityCase{"a.example", "x.a.example", "sni_mismatch"},
                                           IdentityCase{"a.example", nullptr, "sni_missing"},
                                           IdentityCase{"192.0.2.1", nullptr, ""},
                                           IdentityCase{"[2001:db8::1]", nullptr, ""},
                                           IdentityCase{"192.0.2.1", "192.0.2.1", "sni_invalid"},
                                           IdentityCase{"192.0.2.1", "a.example", "sni_mismatch"},
                                           IdentityCase{"a.example", "a_b..", "sni_invalid"}));

TEST(ServerName, ReadsExactlyOneName) {
    const auto bytes = [](std::initializer_list<int> list) {
        std::string text;
        for (const int byte : list)
            text += static_cast<char>(byte);
        return text;
    };
    const std::string good = bytes({0, 4, 0, 0, 1, 'a'});
    ASSERT_TRUE(parse_server_name(good));
    EXPECT_EQ(*parse_server_name(good), "a");
    for (const std::string& bad :
         {bytes({}), bytes({0}), bytes({0, 0}), bytes({0, 3, 0, 0, 0}), bytes({0, 4, 1, 0, 1, 'a'}),
          bytes({0, 4, 0, 0, 2, 'a'}), bytes({0, 5, 0, 0, 1, 'a', 'b'}),
          bytes({0, 8, 0, 0, 1, 'a', 0, 0, 1, 'b'}), bytes({0, 4, 0, 0, 1, 'a', 'x'})})
        EXPECT_FALSE(parse_server_name(bad));
}

TEST(Contexts, OfferNothingOldAndNothingRisky) {
    const Parties parties = make_parties();
    ServerHandshake expectation(host("a.example"));
    auto context = ClientContext::create(StorePtr(X509_STORE_new()));
    ASSERT_TRUE(context);
    const SslPtr server = parties.server->new_connection(expectation);
    const SslPtr client = (*context)->new_connection(host("a.example"), nullptr);
    for (SSL* side : {server.get(), client.get()}) {
        EXPECT_EQ(SSL_get_min_proto_version(side), TLS1_2_VERSION);
        EXPECT_TRUE(SSL_get_options(side) & SSL_OP_NO_COMPRESSION);
        EXPECT_EQ(SSL_get_max_early_data(side), 0U);
    }
    EXPECT_EQ(SSL_get_certificate(client.get()), nullptr);
}

TEST(Contexts, AHandshakeIsNotMadeAgain) {
    const Parties parties = make_parties();
    ServerHandshake expectation(host("a.example"));
    SslPtr server = parties.server->new_connection(expectation);
    ContextPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    SslPtr client(SSL_new(context.get()));
    SSL_set_tlsext_host_name(client.get(), "a.example");
    SSL_set_connect_state(client.get());
    ASSERT_TRUE(handshake(client.get(), server.get()));
    ASSERT_EQ(SSL_renegotiate(client.get()), 1);
    int done = -1;
    char byte = 0;
    for (int turn = 0; turn < 10 && done != 1; ++turn) {
        done = SSL_do_handshake(client.get());
        (void)SSL_read(server.get(), &byte, 1);
    }
    EXPECT_NE(done, 1);
    EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
}

TEST(Alpn, SpeaksHttp11OrNothing) {
    EXPECT_EQ(choose_protocol("\x08http/1.1"), "http/1.1");
    EXPECT_EQ(choose_protocol("\x02h2\x08http/1.1"), "h2");
    EXPECT_EQ(choose_protocol("\x08http/1.1\x02h2"), "h2");
    EXPECT_EQ(choose_protocol("\x03h2c"), std::nullopt);
    EXPECT_EQ(choose_protocol(std::string_view("\x00", 1)), std::nullopt);
    EXPECT_EQ(choose_protocol("\x09http/1.1"), std::nullopt);
}

// Our own leaf plays the origin's certificate.
struct OriginCase {
    const char* certificate_for;
    bool trusted;
    const char* reason;  // empty: accepted
};

class Origin : public ::testing::TestWithParam<OriginCase> {};

// Why a handshake for api.example fails with an origin of that authority; empty: it does not.
std::string refusal(const AuthorityMaterial& material, const char* certificate_for,
                    StorePtr store) {
    auto authority = CertificateAuthority::load(material.certificate, material.private_key);
    auto key = make_key();
    auto leaf = authority->mint({certificate_for, false}, key->get());
    ContextPtr origin(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(origin.get(), leaf->get());
    SSL_CTX_use_PrivateKey(origin.get(), key->get());
    SslPtr server(SSL_new(origin.get()));
    SSL_set_accept_state(server.get());
    auto context = ClientContext::create(std::move(store));
    SslPtr client = (*context)->new_connection(host("api.example"), nullptr);
    std::string reason;
    if (!handshake(client.get(), server.get())) {
        const HandshakeFailure failed = handshake_failure(client.get());
        EXPECT_EQ(failed.rule, "upstream_certificate_invalid");
        reason = failed.reason;
    }
    ERR_clear_error();
    return reason;
}

TEST_P(Origin, MustBeTrustedAndNamed) {
    const auto& [certificate_for, trusted, reason] = GetParam();
    auto material = create_authority("some root");
    const SystemRoots roots(find_system_roots);
    auto store = make_store(roots, trusted ? material->certificate : "");
    ASSERT_TRUE(store);
    EXPECT_EQ(refusal(*material, certificate_for, std::move(*store)), reason);
}

INSTANTIATE_TEST_SUITE_P(Certificates, Origin,
                         ::testing::Values(OriginCase{"api.example", true, ""},
                                           OriginCase{"other.example", true, "hostname mismatch"},
                                           OriginCase{"example", true, "hostname mismatch"},
                                           OriginCase{"api.example", false,
                                                      "unable to get local issuer certificate"}));

// A folder of roots as distributions lay them out, that goes with the test.
class RootFolder : public ::testing::Test {
  protected:
    RootFolder() {
        std::string name = ::testing::TempDir() + "roots-XXXXXX";
        path_ = mkdtemp(name.data());
        std::filesystem::create_directory(path_ / "hashed");
    }
    ~RootFolder() override { std::filesystem::remove_all(path_); }

    static std::string hash_name(const std::string& pem) {
        BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
        CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
        char name[16];
        std::snprintf(name, sizeof name, "%08lx.0", X509_subject_name_hash(certificate.get()));
        return name;
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name) << text;
    }
    std::string refusal_by(const AuthorityMaterial& origin) const {
        const SystemRoots roots([this] { return find_roots(path_ / "hashed", path_ / "bundle"); });
        auto store = make_store(roots, "");
        EXPECT_TRUE(store);
        return refusal(origin, "api.example", std::move(*store));
    }

    std::filesystem::path path_;
};

TEST_F(RootFolder, RootsAreFoundByTheirHash) {
    auto trusted = create_authority("some root");
    auto other = create_authority("some other root");
    write("hashed/" + hash_name(trusted->certificate), trusted->certificate);
    EXPECT_EQ(refusal_by(*trusted), "");
    EXPECT_EQ(refusal_by(*other), "unable to get local issuer certificate");
}

TEST_F(RootFolder, ARootOfTheSameNameIsNotTheSameRoot) {
    auto trusted = create_authority("some root");
    auto impostor = create_authority("some root");
    write("hashed/" + hash_name(trusted->certificate), trusted->certificate);
    EXPECT_NE(refusal_by(*impostor), "");
}

TEST_F(RootFolder, WithoutHashesTheBundleIsRead) {
    auto trusted = create_authority("some root");
    auto other = create_authority("some other root");
    write("hashed/some-root.pem", other->certificate);
    write("bundle", trusted->certificate);
    EXPECT_EQ(refusal_by(*trusted), "");
    EXPECT_EQ(refusal_by(*other), "unable to get local issuer certificate");
}

TEST_F(RootFolder, AMachineWithoutRootsTrustsNothing) {
    auto other = create_authority("some root");
    EXPECT_EQ(refusal_by(*other), "unable to get local issuer certificate");
}

TEST(TrustStore, SaysWhenCertificatesCannotBeRead) {
    auto material = create_authority("some root");
    EXPECT_TRUE(check_certificates(material->certificate));
    EXPECT_TRUE(check_certificates(material->certificate + material->certificate));
    EXPECT_FALSE(check_certificates(""));
    EXPECT_FALSE(check_certificates("not a certificate"));
    EXPECT_FALSE(
        check_certificates("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
}

}  // namespace
}  // namespace botbottle::tls
