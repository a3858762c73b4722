// The side that faces the origin: verified against the system's roots and the operator's own, by
// chain and by name. There is no way to switch the verification off.
#pragma once

#include <functional>
#include <string>

#include "base/host.h"
#include "tls/openssl.h"

namespace botbottle::tls {

// Thread-safe once made: one for each set of trusted roots.
class ClientContext {
  public:
    static Result<std::shared_ptr<const ClientContext>> create(StorePtr store);

    // A connection to `host`; `resumed` may be null. Null when memory is out.
    SslPtr new_connection(const Host& host, SSL_SESSION* resumed) const;

  private:
    explicit ClientContext(ContextPtr context) : context_(std::move(context)) {}

    ContextPtr context_;
};

// Called, on the connection's thread, for each session that the origin hands out. It must outlive
// the connection and is owned by the caller.
using SessionSink = std::function<void(SessionPtr)>;
void set_session_sink(SSL* ssl, SessionSink* sink);

// Why the handshake of `ssl` failed, for the 502 and the audit line.
struct HandshakeFailure {
    std::string_view rule;  // upstream_certificate_invalid or upstream_tls_failed
    std::string reason;
};
HandshakeFailure handshake_failure(const SSL* ssl);

}  // namespace botbottle::tls
