// One line of the record, before it has a number, a time and a place in the chain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace botbottle::audit {

// What was asked: `GET https://host:443/path`. The query never gets here: it may carry a secret.
struct Subject {
    std::string_view method;
    std::string_view scheme;  // "https", "http", or empty for a CONNECT
    std::string_view authority;
    std::string_view path;  // capped when it is rendered
};

struct Outcome {
    int status = 0;  // 0: no response came
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::uint64_t milliseconds = 0;
};

struct Record {
    // An outcome names the sequence number of its decision; a decision is its own.
    std::optional<std::uint64_t> request;
    std::string_view verdict;  // "allowed" or "denied"
    std::string_view rule;
    Subject subject;
    std::string_view reason;
    std::string_view route;       // the route's host; empty: none
    std::string_view credential;  // the slot's name; empty: none
    std::optional<Outcome> outcome;
};

// Something that happened to the bottle itself, not to a request.
struct LifeEvent {
    std::string_view event;    // lower_snake_case: "sidecar_died"
    std::string_view subject;  // to whom: "egress"
    std::string_view reason;   // for people
};

struct Stamp {
    std::uint64_t sequence;
    std::string_view time;  // RFC 3339, UTC, milliseconds
    std::string_view plane;
    std::string_view previous;  // hexadecimal SHA-256
};

inline constexpr std::size_t kMaxPath = 256;

// Append the line, without its newline.
void append_record(std::string& out, const Stamp& stamp, const Record& record);
void append_life_event(std::string& out, const Stamp& stamp, const LifeEvent& event);

}  // namespace botbottle::audit
