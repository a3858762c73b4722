// The bottle's certificate authority: made by the warden, kept in memory, used by the egress to
// sign one leaf per approved host. Field rules: RFC 5280 and RFC 9525, and what strict clients
// refuse (Go, rustls, SChannel).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"
#include "tls/openssl.h"

namespace botbottle::tls {

struct AuthorityMaterial {
    std::string certificate;  // PEM, for the bottle's trust store
    Secret private_key;       // PEM (PKCS #8), for the egress alone
};

// A fresh P-256 authority with path length 0. It carries no name constraints: the operator may
// approve another host while the bottle runs, and the bottle's trust store cannot change by then.
Result<AuthorityMaterial> create_authority(std::string_view common_name);

// A host as a certificate names it. `ip` decides between a dNSName and an iPAddress; it is never
// guessed from the text.
struct LeafName {
    std::string host;  // canonical; an IP address without brackets
    bool ip = false;

    auto operator<=>(const LeafName&) const = default;
};

class CertificateAuthority {
  public:
    static Result<CertificateAuthority> load(std::string_view certificate_pem,
                                             const Secret& private_key_pem);

    // Signs a leaf for `name` over `key`. About 200 µs. Thread-safe: the authority is not changed.
    Result<CertificatePtr> mint(const LeafName& name, EVP_PKEY* key) const;

  private:
    CertificateAuthority(CertificatePtr certificate, KeyPtr key)
        : certificate_(std::move(certificate)), key_(std::move(key)) {}

    CertificatePtr certificate_;
    KeyPtr key_;
};

// A fresh P-256 key.
Result<KeyPtr> make_key();

}  // namespace botbottle::tls
