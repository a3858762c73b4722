// The side of a tunnel that faces the bottle: answers with a leaf for the host that was admitted,
// and for no other.
#pragma once

#include <string>
#include <string_view>

#include "base/host.h"
#include "tls/leaf_store.h"
#include "tls/openssl.h"
#include "tls/prefetched.h"

namespace botbottle::tls {

// What one handshake must show, and what it showed. Lives as long as its SSL object.
struct ServerHandshake {
    explicit ServerHandshake(Host admitted) : host(std::move(admitted)) {}

    Host host;              // of the CONNECT that was admitted
    std::string_view rule;  // static; empty until the handshake was refused by us
    std::string reason;
};

// Thread-safe once made: one for the process.
class ServerContext {
  public:
    static Result<std::unique_ptr<ServerContext>> create(std::unique_ptr<LeafStore> leaves);

    // `handshake` must outlive the connection. Null when memory is out.
    SslPtr new_connection(ServerHandshake& handshake) const;

  private:
    ServerContext(std::unique_ptr<LeafStore> leaves, ContextPtr context)
        : leaves_(std::move(leaves)), context_(std::move(context)) {}

    std::unique_ptr<LeafStore> leaves_;
    ContextPtr context_;
};

// The context of one authority. OpenSSL takes some 3 ms to get ready, which the start of a bottle
// need not wait for: the authority is read at the first connection, and what is wrong with it shows
// there.
class ServerIdentity {
  public:
    ServerIdentity(std::string certificate_pem, Secret private_key_pem);

    void prefetch() const { context_.prefetch(); }
    const Result<std::unique_ptr<ServerContext>>& context() const { return context_.wait(); }

  private:
    const std::string certificate_;
    const Secret private_key_;
    Prefetched<Result<std::unique_ptr<ServerContext>>> context_;
};

// The host_name of a server_name extension's body (RFC 6066 3). Refuses a list with more than one
// entry and anything left over.
Result<std::string_view> parse_server_name(std::string_view extension);

}  // namespace botbottle::tls
