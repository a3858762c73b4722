// The decision is made in the ClientHello callback: before a session is resumed, before a leaf is
// minted, on the bytes that the client sent in this handshake.
#include "tls/server_context.h"

#include <openssl/tls1.h>

#include "tls/alpn.h"

namespace botbottle::tls {

namespace {

int refuse(ServerHandshake& handshake, std::string_view rule, std::string reason, int* alert) {
    handshake.rule = rule;
    handshake.reason = std::move(reason);
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_CLIENT_HELLO_ERROR;
}

LeafName leaf_name(const Host& host) {
    if (host.is_ip()) return {host.address()->text(), true};
    return {host.text(), false};
}

// Server name equal to the CONNECT host, or absent for an address.
bool check_identity(SSL* ssl, ServerHandshake& handshake, int* alert) {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) {
        if (handshake.host.is_ip()) return true;
        refuse(handshake, "sni_missing", "the TLS handshake names no server", alert);
        return false;
    }
    const auto name = parse_server_name({reinterpret_cast<const char*>(data), size});
    if (!name) {
        refuse(handshake, "sni_invalid", name.error().message, alert);
        return false;
    }
    const auto host = Host::parse(*name);
    if (!host || host->is_ip()) {
        refuse(handshake, "sni_invalid", "the TLS server name is not a DNS name", alert);
        return false;
    }
    if (*host != handshake.host) {
        refuse(handshake, "sni_mismatch",
               "the TLS server name " + host->text() + " is not the CONNECT host", alert);
        return false;
    }
    return true;
}

int on_client_hello(SSL* ssl, int* alert, void* leaves) {
    auto& handshake = *static_cast<ServerHandshake*>(SSL_get_app_data(ssl));
    if (!check_identity(ssl, handshake, alert)) return SSL_CLIENT_HELLO_ERROR;
    auto& store = *static_cast<LeafStore*>(leaves);
    const auto leaf = store.leaf_for(leaf_name(handshake.host));
    if (!leaf) return refuse(handshake, "certificate_failed", leaf.error().message, alert);
    if (SSL_use_certificate(ssl, leaf->get()) != 1 || SSL_use_PrivateKey(ssl, store.key()) != 1)
        return refuse(handshake, "certificate_failed", take_error(), alert);
    return SSL_CLIENT_HELLO_SUCCESS;
}

int on_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
            const unsigned char* offered, unsigned int offered_size, void*) {
    const auto protocol = choose_protocol({reinterpret_cast<const char*>(offered), offered_size});
    if (!protocol) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = reinterpret_cast<const unsigned char*>(protocol->data());
    *chosen_size = static_cast<unsigned char>(protocol->size());
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::string_view> parse_server_name(std::string_view extension) {
    const auto malformed = [] {
        return failure("sni_invalid", "the TLS server name extension is malformed");
    };
    const auto take_u16 = [&]() -> std::size_t {
        const std::size_t value = static_cast<unsigned char>(extension[0]) * std::size_t{256} +
                                  static_cast<unsigned char>(extension[1]);
        extension.remove_prefix(2);
        return value;
    };
    if (extension.size() < 2 || take_u16() != extension.size()) return malformed();
    if (extension.size() < 3 || extension[0] != TLSEXT_NAMETYPE_host_name) return malformed();
    extension.remove_prefix(1);
    if (take_u16() != extension.size() || extension.empty()) return malformed();
    return extension;
}

Result<std::unique_ptr<ServerContext>> ServerContext::create(std::unique_ptr<LeafStore> leaves) {
    ContextPtr context(SSL_CTX_new(TLS_server_method()));
    if (!context) return failure("tls_context", take_error());
    SSL_CTX* c = context.get();
    harden(c);
    SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Sessions live in tickets under keys of this process; nothing is kept per client.
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(c, 1);
    SSL_CTX_set_client_hello_cb(c, on_client_hello, leaves.get());
    SSL_CTX_set_alpn_select_cb(c, on_alpn, nullptr);
    return std::unique_ptr<ServerContext>(new ServerContext(std::move(leaves), std::move(context)));
}

ServerIdentity::ServerIdentity(std::string certificate_pem, Secret private_key_pem)
    : certificate_(std::move(certificate_pem)),
      private_key_(std::move(private_key_pem)),
      context_([this]() -> Result<std::unique_ptr<ServerContext>> {
          auto authority = CertificateAuthority::load(certificate_, private_key_);
          if (!authority) return tl::make_unexpected(authority.error());
          auto leaves = LeafStore::create(std::move(*authority));
          if (!leaves) return tl::make_unexpected(leaves.error());
          return ServerContext::create(std::move(*leaves));
      }) {}

SslPtr ServerContext::new_connection(ServerHandshake& handshake) const {
    SslPtr ssl(SSL_new(context_.get()));
    if (!ssl) return nullptr;
    SSL_set_app_data(ssl.get(), &handshake);
    SSL_set_accept_state(ssl.get());
    return ssl;
}

}  // namespace botbottle::tls
