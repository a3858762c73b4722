// Renders a line. Members are in a fixed order, all of them in every line; an outcome has four
// more, and an event of the bottle's life has three of its own.
#include "audit/record.h"

#include <charconv>

#include "audit/json_text.h"

namespace botbottle::audit {

namespace {

void append_number(std::string& out, std::uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}

void append_optional(std::string& out, std::string_view text) {
    if (text.empty())
        out += "null";
    else
        append_json_string(out, text);
}

void append_subject(std::string& out, const Subject& subject) {
    std::string text;
    text.reserve(subject.method.size() + subject.authority.size() + kMaxPath + 16);
    text += subject.method;
    text += ' ';
    if (!subject.scheme.empty()) {
        text += subject.scheme;
        text += "://";
    }
    text += subject.authority;
    text += subject.path.substr(0, kMaxPath);
    if (subject.path.size() > kMaxPath) text += "...";
    append_json_string(out, text);
}

void append_stamp(std::string& out, const Stamp& stamp) {
    out += "{\"seq\":";
    append_number(out, stamp.sequence);
    out += ",\"time\":\"";
    out += stamp.time;
    out += "\",\"plane\":\"";
    out += stamp.plane;
}

void append_previous(std::string& out, const Stamp& stamp) {
    out += ",\"prev\":\"";
    out += stamp.previous;
    out += "\"}";
}

}  // namespace

void append_record(std::string& out, const Stamp& stamp, const Record& record) {
    append_stamp(out, stamp);
    out += record.outcome ? "\",\"event\":\"outcome\",\"request\":"
                          : "\",\"event\":\"decision\",\"request\":";
    append_number(out, record.request.value_or(stamp.sequence));
    out += ",\"verdict\":\"";
    out += record.verdict;
    out += "\",\"rule\":\"";
    out += record.rule;
    out += "\",\"subject\":";
    append_subject(out, record.subject);
    out += ",\"reason\":";
    append_json_string(out, record.reason);
    out += ",\"route\":";
    append_optional(out, record.route);
    out += ",\"credential\":";
    append_optional(out, record.credential);
    if (record.outcome) {
        out += ",\"status\":";
        append_number(out, static_cast<std::uint64_t>(record.outcome->status));
        out += ",\"bytes_up\":";
        append_number(out, record.outcome->bytes_up);
        out += ",\"bytes_down\":";
        append_number(out, record.outcome->bytes_down);
        out += ",\"ms\":";
        append_number(out, record.outcome->milliseconds);
    }
    append_previous(out, stamp);
}

void append_life_event(std::string& out, const Stamp& stamp, const LifeEvent& event) {
    append_stamp(out, stamp);
    out += "\",\"event\":\"";
    out += event.event;
    out += "\",\"subject\":";
    append_json_string(out, event.subject);
    out += ",\"reason\":";
    append_json_string(out, event.reason);
    append_previous(out, stamp);
}

}  // namespace botbottle::audit
