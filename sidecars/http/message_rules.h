// What both directions read from a head in the same way: the version, and what the fields say about
// framing and about the connection. Internal to the parsers.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/header.h"
#include "http/parser.h"
#include "http/protocol_error.h"

namespace botbottle::http {

enum class Version : std::uint8_t { kHttp10, kHttp11, kOther, kMalformed };
Version parse_version(std::string_view text) noexcept;

// Gathered in one pass over the fields.
struct Gathered {
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    std::size_t codings = 0;
    std::size_t options = 0;
    std::string_view host, length, coding, expect, upgrade;
    bool close = false;
    bool upgrade_listed = false;
    bool trailers = false;
    bool disguised = false;  // a framing name spelled with "_"
};

Gathered gather(const HeaderFields& fields);

struct FramingVerdict {
    Framing framing;
    ProtocolError error;  // status 0: none
};

// RFC 9112 6.1, 6.3. What is ambiguous is refused; nothing is mended. `without_length` is what a
// message without framing fields has.
FramingVerdict framing_of(const Gathered& seen, int minor_version, BodyKind without_length);

}  // namespace botbottle::http
