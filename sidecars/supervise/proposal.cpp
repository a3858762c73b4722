#include "supervise/proposal.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <array>

namespace botbottle::supervise {
namespace {

constexpr std::string_view kProposalSchema = "botbottle.proposal/1";
constexpr std::string_view kDecisionSchema = "botbottle.decision/1";
constexpr std::string_view kIdPrefix = "p-";
constexpr std::size_t kIdDigits = 8;
constexpr const char* kTimeFormat = "%Y-%m-%dT%H:%M:%SZ";

bool is_id_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Reads members one after the other, and remembers whether one was not as it should be.
class Reader {
  public:
    Reader(const Json& document, std::string_view schema) : document_(document) {
        good_ = document.is_object() && text("schema") == schema;
    }

    std::string text(const char* name) {
        const Json* value = member(name);
        if (value == nullptr || !value->is_string()) {
            good_ = false;
            return {};
        }
        return value->get<std::string>();
    }
    Seconds time(const char* name) {
        const std::string written = text(name);
        struct tm parts = {};
        const char* end = strptime(written.c_str(), kTimeFormat, &parts);
        if (end == nullptr || *end != '\0') good_ = false;
        return timegm(&parts);
    }
    bool flag(const char* name) {
        const Json* value = member(name);
        if (value == nullptr || !value->is_boolean()) good_ = false;
        return value != nullptr && value->is_boolean() && value->get<bool>();
    }
    Json any(const char* name) {
        const Json* value = member(name);
        return value == nullptr ? Json() : *value;
    }
    bool good() const { return good_; }

  private:
    const Json* member(const char* name) const {
        if (!document_.is_object()) return nullptr;
        const auto found = document_.find(name);
        return found == document_.end() ? nullptr : &*found;
    }

    const Json& document_;
    bool good_ = false;
};

}  // namespace

bool is_proposal_id(std::string_view text) {
    return text.size() == kIdPrefix.size() + kIdDigits && text.starts_with(kIdPrefix) &&
           std::all_of(text.begin() + kIdPrefix.size(), text.end(), is_id_digit);
}

std::string new_proposal_id() {
    std::array<unsigned char, kIdDigits> random;
    if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
        return {};
    std::string id(kIdPrefix);
    for (const unsigned char byte : random)
        id += "0123456789abcdefghijklmnopqrstuvwxyz"[byte % 36];
    return id;
}

std::string utc_text(Seconds time) {
    const time_t seconds = time;
    struct tm parts = {};
    gmtime_r(&seconds, &parts);
    char text[32];
    return {text, strftime(text, sizeof text, kTimeFormat, &parts)};
}

Json to_json(const Proposal& proposal) {
    return {{"schema", kProposalSchema},
            {"id", proposal.id},
            {"identity", proposal.identity},
            {"tool", proposal.tool},
            {"created", utc_text(proposal.created)},
            {"expires", utc_text(proposal.expires)},
            {"justification", proposal.justification},
            {"payload", proposal.payload},
            {"base", proposal.base}};
}

Json to_json(const Decision& decision) {
    return {{"schema", kDecisionSchema},   {"id", decision.id},
            {"status", decision.status},   {"notes", decision.notes},
            {"payload", decision.payload}, {"decided_by", decision.decided_by},
            {"scope", decision.scope},     {"decided", utc_text(decision.decided)},
            {"applied", decision.applied}, {"spent", decision.spent}};
}

Result<Proposal> proposal_from_json(const Json& document) {
    Reader reader(document, kProposalSchema);
    Proposal proposal{reader.text("id"),      reader.text("identity"), reader.text("tool"),
                      reader.time("created"), reader.time("expires"),  reader.text("justification"),
                      reader.any("payload"),  reader.any("base")};
    if (!reader.good() || !is_proposal_id(proposal.id))
        return failure("bad_proposal", "this is not a proposal of this version");
    return proposal;
}

Result<Decision> decision_from_json(const Json& document) {
    Reader reader(document, kDecisionSchema);
    Decision decision{reader.text("id"),      reader.text("status"),     reader.text("notes"),
                      reader.any("payload"),  reader.text("decided_by"), reader.text("scope"),
                      reader.time("decided"), reader.flag("applied")};
    constexpr std::array<std::string_view, 4> kStatuses = {"approved", "modified", "rejected",
                                                           "expired"};
    const bool known =
        std::find(kStatuses.begin(), kStatuses.end(), decision.status) != kStatuses.end();
    if (!reader.good() || !known || !is_proposal_id(decision.id))
        return failure("bad_decision", "this is not a decision of this version");
    // The operator's commands write none.
    if (const auto spent = document.find("spent"); spent != document.end())
        decision.spent = !spent->is_boolean() || spent->get<bool>();
    return decision;
}

}  // namespace botbottle::supervise
