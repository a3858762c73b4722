// Proposal and Decision: the two documents of the queue (docs/supervise.md, "The queue on disk").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "supervise/document.h"

namespace botbottle::supervise {

using Seconds = std::int64_t;  // since 1970, UTC

// NOLINTNEXTLINE(bugprone-exception-escape): moving a JSON document throws only by its declaration
struct Proposal {
    std::string id;
    std::string identity;
    std::string tool;
    Seconds created = 0;
    Seconds expires = 0;
    std::string justification;  // the agent's own words
    Json payload;               // canonical: equal wishes are equal here
    Json base;                  // {revision, digest} of the policy that it was made against
};

// NOLINTNEXTLINE(bugprone-exception-escape): moving a JSON document throws only by its declaration
struct Decision {
    std::string id;
    std::string status;  // approved, modified, rejected, expired
    std::string notes;   // for the agent
    Json payload;        // what was granted, when that is another than was asked for
    std::string decided_by;
    std::string scope;  // once, session, always; empty when nothing was granted
    Seconds decided = 0;
    // An approval is written before it is applied, and again after: until then nobody is told.
    bool applied = true;
    // Of a held push: one with this approval has gone, and the next one is asked about again.
    bool spent = false;
};

// "p-" and eight of a-z, 0-9: nothing else ever becomes a part of a file's name.
bool is_proposal_id(std::string_view text);
std::string new_proposal_id();

std::string utc_text(Seconds time);

Json to_json(const Proposal& proposal);
Json to_json(const Decision& decision);
// What is not of this schema, or not as it was written, is no document: an error.
Result<Proposal> proposal_from_json(const Json& document);
Result<Decision> decision_from_json(const Json& document);

}  // namespace botbottle::supervise
