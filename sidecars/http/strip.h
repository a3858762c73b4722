// What never passes the proxy: hop-by-hop fields, credentials that the agent put on, fields that
// would change the request after it was judged, and traces of where it came from.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/header.h"

namespace botbottle::http {

struct RequestStripping {
    // The header that the route's own credential goes under; empty when it has none.
    std::string_view credential_header;
    // gRPC needs `te: trailers` end to end; any other TE goes.
    bool keep_te_trailers = true;
};

// Removes from a request: Host and framing fields (the serializer writes its own), hop-by-hop
// fields and those that Connection names (RFC 9110 7.6.1), Expect, credentials, method and URL
// overrides, Via, Forwarded, X-Forwarded-*. Connection cannot remove Content-*, Cookie,
// Cache-Control or Range (Go CVE-2021-33197). Upgrade goes too: an upgrade that is wanted is an
// argument of the serializer. Returns how many credentials were removed, for the audit line.
std::size_t strip_request(HeaderFields& fields, const RequestStripping& rules);

// Removes Cookie and Set-Cookie, and what came before them (RFC 2965).
void strip_cookies(HeaderFields& fields);

// Removes from a response: framing fields and hop-by-hop fields. Everything else is the origin's
// word.
void strip_response(HeaderFields& fields);

// Removes from a trailer section every field that some rule knows (framing, routing, credentials,
// cookies, content: RFC 9110 6.5.1), and the route's credential header (empty: none). What is left
// means nothing to a proxy.
void strip_trailers(HeaderFields& fields, std::string_view credential_header);

}  // namespace botbottle::http
