// Owners for OpenSSL's objects, and its error queue as text.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace botbottle::tls {

template <auto free_function>
struct Freed {
    template <typename T>
    void operator()(T* object) const noexcept {
        free_function(object);
    }
};

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;

// The last error of this thread's queue, for people; empties the queue.
std::string take_error();

// What holds for every context of the process: TLS 1.2 and 1.3, no compression, no renegotiation,
// no early data, buffers given back while a connection idles, large reads.
void harden(SSL_CTX* context);

}  // namespace botbottle::tls
