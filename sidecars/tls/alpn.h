// Which application protocols are spoken: the one place that decides. HTTP/2 and HTTP/1.1 on both
// sides, each translated into the other where they differ; a client that offers no ALPN gets
// HTTP/1.1 (facts: some real clients offer none).
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string_view>

namespace botbottle::tls {

// In the wire form of RFC 7301, for what we offer upstream.
inline constexpr std::string_view kOfferedUpstream{"\x02h2\x08http/1.1", 12};
inline constexpr std::string_view kHttp1Only{"\x08http/1.1", 9};

// The protocol to speak with a client whose offer this is (wire form), or nothing when there is no
// common one. We choose: HTTP/2 where the client has it.
inline std::optional<std::string_view> choose_protocol(std::string_view offered) {
    std::optional<std::string_view> chosen;
    while (!offered.empty()) {
        const auto size = static_cast<unsigned char>(offered.front());
        if (size == 0 || size >= offered.size()) return std::nullopt;
        const std::string_view protocol = offered.substr(1, size);
        if (protocol == "h2" || (protocol == "http/1.1" && !chosen)) chosen = protocol;
        offered.remove_prefix(1 + std::size_t{size});
    }
    return chosen;
}

// For a connection that is to become something else than HTTP/2 could carry. False: no memory.
inline bool offer_http1_only(SSL* ssl) {
    return SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(kHttp1Only.data()),
                               kHttp1Only.size()) == 0;
}

// What the handshake of `ssl` settled on.
inline bool speaks_http2(const SSL* ssl) {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    if (ssl != nullptr) SSL_get0_alpn_selected(ssl, &chosen, &size);
    return std::string_view(reinterpret_cast<const char*>(chosen), size) == "h2";
}

}  // namespace botbottle::tls
