// See trust_store.h.
#include "tls/trust_store.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace botbottle::tls {

namespace {

// Debian and those that come from it, Alpine and Arch: the links and the bundle below are made from
// the same list, by the same program.
constexpr const char* kHashedDirectory = "/etc/ssl/certs";

constexpr std::array kBundles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/ssl/cert.pem",                                  // macOS, BSD
};

// Adds what can be read; false when some of it could not.
bool add_all(X509_STORE* store, BIO* pem, int& added) {
    for (;;) {
        CertificatePtr certificate(PEM_read_bio_X509(pem, nullptr, nullptr, nullptr));
        if (!certificate) break;
        // Computes what OpenSSL would cache at the first use, by whichever threads come first.
        X509_check_purpose(certificate.get(), -1, 0);
        if (X509_STORE_add_cert(store, certificate.get()) != 1) return false;
        ++added;
    }
    const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return ended;
}

// A subject's hash, and the first of that hash: 5ad8a5d6.0
bool is_hash_name(const std::string& name) {
    return name.size() == 10 && name.ends_with(".0") &&
           std::all_of(name.begin(), name.begin() + 8, [](unsigned char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

bool holds_hashed_roots(const std::string& directory) {
    std::error_code error;
    std::filesystem::directory_iterator entries(directory, error);
    const std::filesystem::directory_iterator end;
    for (; !error && entries != end; entries.increment(error)) {
        if (is_hash_name(entries->path().filename().string())) return true;
    }
    return false;
}

bool add_directory(X509_STORE* store, const std::string& directory) {
    X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    return lookup != nullptr &&
           X509_LOOKUP_add_dir(lookup, directory.c_str(), X509_FILETYPE_PEM) == 1;
}

bool add_bundle(X509_STORE* store, X509_STORE* bundle) {
    const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(bundle);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
        X509* root = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (root != nullptr && X509_STORE_add_cert(store, root) != 1) return false;
    }
    return true;
}

}  // namespace

RootSource find_roots(const std::string& directory, const std::string& bundle) {
    if (holds_hashed_roots(directory)) return {directory, nullptr};
    BioPtr file(BIO_new_file(bundle.c_str(), "r"));
    ERR_clear_error();
    if (!file) return {};
    std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
    int added = 0;
    if (store) add_all(store.get(), file.get(), added);
    return {{}, std::move(store)};
}

RootSource find_system_roots() {
    for (const char* bundle : kBundles) {
        RootSource found = find_roots(kHashedDirectory, bundle);
        if (!found.directory.empty() || found.bundle) return found;
    }
    return {};
}

Result<StorePtr> make_store(const SystemRoots& roots, std::string_view extra_pem) {
    StorePtr store(X509_STORE_new());
    if (!store) return failure("tls_trust", take_error());
    const RootSource& system = roots.wait();
    const bool added_roots =
        system.directory.empty()
            ? system.bundle == nullptr || add_bundle(store.get(), system.bundle.get())
            : add_directory(store.get(), system.directory);
    if (!added_roots) return failure("tls_trust", take_error());
    if (!extra_pem.empty()) {
        BioPtr pem(BIO_new_mem_buf(extra_pem.data(), static_cast<int>(extra_pem.size())));
        int added = 0;
        if (!pem || !add_all(store.get(), pem.get(), added) || added == 0)
            return failure("tls_trust", "upstream.ca cannot be read as PEM certificates");
    }
    return store;
}

Result<void> check_certificates(std::string_view pem) {
    StorePtr store(X509_STORE_new());
    BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    int added = 0;
    if (!store || !text || !add_all(store.get(), text.get(), added) || added == 0)
        return failure("tls_trust", "it holds no PEM certificate, or one that cannot be read");
    return {};
}

}  // namespace botbottle::tls
