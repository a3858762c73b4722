// Certificates are built field by field with OpenSSL's typed functions; no configuration text is
// assembled from a host name.
#include "tls/authority.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

namespace botbottle::tls {

namespace {

using NamePtr = std::unique_ptr<GENERAL_NAME, Freed<GENERAL_NAME_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using BitStringPtr = std::unique_ptr<ASN1_BIT_STRING, Freed<ASN1_BIT_STRING_free>>;
using ConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, Freed<BASIC_CONSTRAINTS_free>>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, Freed<ASN1_INTEGER_free>>;
using OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>>;
using KeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, Freed<AUTHORITY_KEYID_free>>;

constexpr long kDay = 24L * 60 * 60;
constexpr long kBackdated = kDay;  // for clocks that run behind
constexpr long kLeafDays = 198;    // 199 with the day before; stricter clients refuse more
constexpr long kAuthorityDays = 365;
constexpr std::size_t kMaxCommonName = 64;  // ub-common-name, RFC 5280 appendix A
constexpr int kSerialBits = 127;            // positive, 16 octets

enum KeyUsageBit { kDigitalSignature = 0, kCertSign = 5, kCrlSign = 6 };

tl::unexpected<Error> openssl_failure(const char* what) {
    return failure("tls_certificate", std::string(what) + ": " + take_error());
}

bool set_serial(X509* certificate) {
    BignumPtr serial(BN_new());
    return serial && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, long days) {
    return X509_gmtime_adj(X509_getm_notBefore(certificate), -kBackdated) != nullptr &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), days * kDay) != nullptr;
}

bool add_extension(X509* certificate, int nid, void* value, bool critical) {
    return X509_add1_ext_i2d(certificate, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1;
}

bool add_key_usage(X509* certificate, std::initializer_list<KeyUsageBit> bits) {
    BitStringPtr usage(ASN1_BIT_STRING_new());
    if (!usage) return false;
    for (const KeyUsageBit bit : bits) {
        if (ASN1_BIT_STRING_set_bit(usage.get(), bit, 1) != 1) return false;
    }
    return add_extension(certificate, NID_key_usage, usage.get(), true);
}

bool add_basic_constraints(X509* certificate, bool authority) {
    ConstraintsPtr constraints(BASIC_CONSTRAINTS_new());
    if (!constraints) return false;
    // TRUE is FF in DER (X.690, section 11.1). OpenSSL writes the number as it stands and reads
    // any; Go takes no other.
    constraints->ca = authority ? 0xff : 0;
    if (authority) {
        constraints->pathlen = ASN1_INTEGER_new();
        if (constraints->pathlen == nullptr || ASN1_INTEGER_set(constraints->pathlen, 0) != 1)
            return false;
    }
    return add_extension(certificate, NID_basic_constraints, constraints.get(), true);
}

bool add_subject_key_id(X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    OctetsPtr id(ASN1_OCTET_STRING_new());
    return id && X509_pubkey_digest(certificate, EVP_sha1(), digest.data(), &size) == 1 &&
           ASN1_OCTET_STRING_set(id.get(), digest.data(), static_cast<int>(size)) == 1 &&
           add_extension(certificate, NID_subject_key_identifier, id.get(), false);
}

// The authority's own key identifier, byte for byte: clients compare, they do not compute.
bool add_authority_key_id(X509* certificate, X509* authority) {
    const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(authority);
    KeyIdPtr key_id(AUTHORITY_KEYID_new());
    if (id == nullptr || !key_id) return false;
    key_id->keyid = ASN1_OCTET_STRING_dup(id);
    return key_id->keyid != nullptr &&
           add_extension(certificate, NID_authority_key_identifier, key_id.get(), false);
}

NamePtr general_name(const LeafName& name) {
    NamePtr general(GENERAL_NAME_new());
    if (!general) return nullptr;
    if (name.ip) {
        std::array<unsigned char, sizeof(in6_addr)> address{};
        const bool v6 = name.host.find(':') != std::string::npos;
        if (inet_pton(v6 ? AF_INET6 : AF_INET, name.host.c_str(), address.data()) != 1)
            return nullptr;
        OctetsPtr octets(ASN1_OCTET_STRING_new());
        if (!octets || ASN1_OCTET_STRING_set(octets.get(), address.data(), v6 ? 16 : 4) != 1)
            return nullptr;
        GENERAL_NAME_set0_value(general.get(), GEN_IPADD, octets.release());
        return general;
    }
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    if (text == nullptr ||
        ASN1_STRING_set(text, name.host.data(), static_cast<int>(name.host.size())) != 1) {
        ASN1_IA5STRING_free(text);
        return nullptr;
    }
    GENERAL_NAME_set0_value(general.get(), GEN_DNS, text);
    return general;
}

bool add_alternative_name(X509* certificate, const LeafName& name, bool critical) {
    NamePtr general = general_name(name);
    std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>> names(GENERAL_NAMES_new());
    if (!general || !names || sk_GENERAL_NAME_push(names.get(), general.get()) == 0) return false;
    (void)general.release();
    return add_extension(certificate, NID_subject_alt_name, names.get(), critical);
}

bool add_server_auth(X509* certificate) {
    std::unique_ptr<EXTENDED_KEY_USAGE, Freed<EXTENDED_KEY_USAGE_free>> usage(
        EXTENDED_KEY_USAGE_new());
    return usage && sk_ASN1_OBJECT_push(usage.get(), OBJ_nid2obj(NID_server_auth)) != 0 &&
           add_extension(certificate, NID_ext_key_usage, usage.get(), false);
}

bool add_common_name(X509_NAME* name, std::string_view text) {
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()), -1, 0) == 1;
}

std::string_view memory_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<KeyPtr> make_key() {
    KeyPtr key(EVP_EC_gen("P-256"));
    if (!key) return openssl_failure("cannot make a key");
    return key;
}

Result<AuthorityMaterial> create_authority(std::string_view common_name) {
    auto key = make_key();
    if (!key) return tl::make_unexpected(key.error());
    CertificatePtr certificate(X509_new());
    X509* c = certificate.get();
    const bool built =
        c != nullptr && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
        set_validity(c, kAuthorityDays) &&
        add_common_name(X509_get_subject_name(c), common_name.substr(0, kMaxCommonName)) &&
        X509_set_issuer_name(c, X509_get_subject_name(c)) == 1 &&
        X509_set_pubkey(c, key->get()) == 1 && add_basic_constraints(c, true) &&
        add_key_usage(c, {kCertSign, kCrlSign}) && add_subject_key_id(c) &&
        X509_sign(c, key->get(), EVP_sha256()) > 0;
    if (!built) return openssl_failure("cannot make the authority");

    BioPtr pem(BIO_new(BIO_s_mem()));
    // Secure memory BIOs wipe what they free.
    BioPtr key_pem(BIO_new(BIO_s_secmem()));
    if (!pem || !key_pem || PEM_write_bio_X509(pem.get(), c) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key->get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) != 1)
        return openssl_failure("cannot encode the authority");
    return AuthorityMaterial{std::string(memory_of(pem.get())), Secret(memory_of(key_pem.get()))};
}

Result<CertificateAuthority> CertificateAuthority::load(std::string_view certificate_pem,
                                                        const Secret& private_key_pem) {
    BioPtr pem(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
    const std::string_view key_text = private_key_pem.reveal();
    BioPtr key_pem(BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())));
    CertificatePtr certificate(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr));
    if (!certificate) return openssl_failure("the authority's certificate cannot be read");
    KeyPtr key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, nullptr, nullptr));
    if (!key) return openssl_failure("the authority's private key cannot be read");
    if (X509_check_private_key(certificate.get(), key.get()) != 1)
        return openssl_failure("the authority's certificate and key do not belong together");
    // Also computes the cached extension values, which must not happen in two threads at once.
    if (X509_check_ca(certificate.get()) == 0 ||
        X509_get0_subject_key_id(certificate.get()) == nullptr)
        return failure("tls_certificate",
                       "the authority's certificate is not one that may sign others");
    return CertificateAuthority(std::move(certificate), std::move(key));
}

Result<CertificatePtr> CertificateAuthority::mint(const LeafName& name, EVP_PKEY* key) const {
    CertificatePtr leaf(X509_new());
    X509* c = leaf.get();
    const bool named = name.host.size() <= kMaxCommonName;
    const bool built = c != nullptr && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
                       set_validity(c, kLeafDays) &&
                       (!named || add_common_name(X509_get_subject_name(c), name.host)) &&
                       X509_set_issuer_name(c, X509_get_subject_name(certificate_.get())) == 1 &&
                       X509_set_pubkey(c, key) == 1 && add_basic_constraints(c, false) &&
                       add_key_usage(c, {kDigitalSignature}) && add_server_auth(c) &&
                       add_authority_key_id(c, certificate_.get()) &&
                       add_alternative_name(c, name, !named) &&
                       X509_sign(c, key_.get(), EVP_sha256()) > 0;
    if (!built) return openssl_failure("cannot mint a leaf");
    return leaf;
}

}  // namespace botbottle::tls
