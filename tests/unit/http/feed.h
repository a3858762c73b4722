// Feeds a message to a parser in pieces, as a connection would, and writes down what came out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/parser.h"

namespace botbottle::http::testing {

struct Transcript {
    std::string heads;     // each head: start line, fields and framing, one per line
    std::string body;      // payload of all body events
    std::string trailers;  // "name: value\n"
    bool ended = false;
    std::size_t leftover = 0;  // bytes after the end of the message
    int status = 0;            // of the error, else 0
    std::string rule;          // of the error

    bool operator==(const Transcript&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Transcript& transcript);

// `cuts` are offsets where a read ended; empty: everything at once. Before each call the unread
// bytes move to other memory and the old memory is overwritten, so that a view kept too long shows.
Transcript feed_request(std::string_view bytes, const std::vector<std::size_t>& cuts,
                        const Limits& limits = {});
// `close`: the connection ends after the bytes.
Transcript feed_response(std::string_view bytes, const std::vector<std::size_t>& cuts,
                         AnsweredMethod answered, bool close, const Limits& limits = {});

// Whole; byte by byte; and in random pieces (fixed seeds).
std::vector<std::vector<std::size_t>> ways_to_cut(std::size_t size);

}  // namespace botbottle::http::testing
