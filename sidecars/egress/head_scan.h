// The head of a request, as it leaves the bottle: method, host, target, and the fields that go on.
#pragma once

#include <optional>
#include <string_view>

#include "egress/caught.h"
#include "egress/scanner_pool.h"
#include "http/header.h"

namespace botbottle::egress {

struct HeadToScan {
    std::string_view method;
    std::string_view authority;
    std::string_view target;     // as the agent wrote it
    std::string_view canonical;  // as it will be sent
    const http::HeaderFields& fields;
};

struct HeadVerdict {
    std::optional<Caught> caught;
    // Something else was found besides, by another rule: one question would not be about all of it.
    bool more = false;
    // It is in the host or in the target, which therefore must not be recorded.
    bool in_authority = false;
    bool in_target = false;
};

HeadVerdict scan_head(scan::Stream& stream, const HeadToScan& head);

// A URL that its own host has signed (SigV4, SAS, …): what it holds is good for that one object
// there.
bool is_presigned(std::string_view target);

}  // namespace botbottle::egress
