// See client_context.h.
#include "tls/client_context.h"

#include <openssl/x509v3.h>

#include "tls/alpn.h"

namespace botbottle::tls {

namespace {

int on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto* sink = static_cast<SessionSink*>(SSL_get_app_data(ssl));
    if (sink == nullptr || !*sink) return 0;
    (*sink)(SessionPtr(session));
    return 1;
}

bool expect_host(SSL* ssl, const Host& host) {
    if (host.is_ip())
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.address()->text().c_str()) ==
               1;
    return SSL_set1_host(ssl, host.text().c_str()) == 1 &&
           SSL_set_tlsext_host_name(ssl, host.text().c_str()) == 1;
}

}  // namespace

Result<std::shared_ptr<const ClientContext>> ClientContext::create(StorePtr store) {
    ContextPtr context(SSL_CTX_new(TLS_client_method()));
    if (!context) return failure("tls_context", take_error());
    SSL_CTX* c = context.get();
    harden(c);
    SSL_CTX_set_cert_store(c, store.release());
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
    // Sessions are kept by the caller, who knows which credential they belong to.
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c, on_new_session);
    const auto* offered = reinterpret_cast<const unsigned char*>(kOfferedUpstream.data());
    if (SSL_CTX_set_alpn_protos(c, offered, kOfferedUpstream.size()) != 0)
        return failure("tls_context", take_error());
    return std::shared_ptr<const ClientContext>(new ClientContext(std::move(context)));
}

SslPtr ClientContext::new_connection(const Host& host, SSL_SESSION* resumed) const {
    SslPtr ssl(SSL_new(context_.get()));
    if (!ssl) return nullptr;
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (!expect_host(ssl.get(), host)) return nullptr;
    if (resumed != nullptr && SSL_set_session(ssl.get(), resumed) != 1) return nullptr;
    SSL_set_connect_state(ssl.get());
    return ssl;
}

void set_session_sink(SSL* ssl, SessionSink* sink) {
    SSL_set_app_data(ssl, sink);
}

HandshakeFailure handshake_failure(const SSL* ssl) {
    const long verified = SSL_get_verify_result(ssl);
    if (verified == X509_V_OK) return {"upstream_tls_failed", take_error()};
    take_error();
    std::string reason = verified == X509_V_ERR_HOSTNAME_MISMATCH ? "hostname mismatch"
                         : verified == X509_V_ERR_IP_ADDRESS_MISMATCH
                             ? "address mismatch"
                             : X509_verify_cert_error_string(verified);
    return {"upstream_certificate_invalid", std::move(reason)};
}

}  // namespace botbottle::tls
