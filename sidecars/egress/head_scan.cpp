// See head_scan.h.
#include "egress/head_scan.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace botbottle::egress {

namespace {

// Where each part of the head stands in the text that is scanned. Fields come a second time,
// values alone: one that was cut in pieces is whole again where nothing stands between them.
struct HeadText {
    explicit HeadText(const HeadToScan& head) {
        append(head.method);
        authority_begin = text.size();
        append(head.authority);
        target_begin = text.size();
        append(head.target);
        if (head.canonical != head.target) append(head.canonical);
        fields_begin = text.size();
        for (const http::HeaderField& field : head.fields) {
            append(field.name);
            values.push_back(text.size());
            append(field.value);
        }
        if (head.fields.empty()) return;
        text += '\n';
        for (const http::HeaderField& field : head.fields) {
            if (field.id == http::HeaderId::kCookie)
                append_crumbs(field.value);
            else
                append(field.value);
        }
    }

    // The values of cookies without what parts them (RFC 6265 4.2.1).
    void append_crumbs(std::string_view cookies) {
        while (!cookies.empty()) {
            const std::string_view cookie = cookies.substr(0, cookies.find(';'));
            cookies.remove_prefix(std::min(cookies.size(), cookie.size() + 1));
            const std::size_t value = cookie.find('=');
            const std::size_t begin =
                cookie.find_first_not_of(' ', value == std::string_view::npos ? 0 : value + 1);
            if (begin != std::string_view::npos) append(cookie.substr(begin));
        }
    }

    void append(std::string_view part) {
        text += part;
        text += '\n';
    }

    std::string text;
    std::size_t authority_begin = 0;
    std::size_t target_begin = 0;
    std::size_t fields_begin = 0;
    std::vector<std::size_t> values;
};

// A field of which some rule knows the name; any other name may be a part of what was found.
std::string place_of(const HeadText& text, const HeadToScan& head, std::uint64_t offset) {
    for (std::size_t at = 0; at < text.values.size(); ++at) {
        const http::HeaderField& field = head.fields[at];
        if (offset >= text.values[at] && offset <= text.values[at] + field.value.size() &&
            field.id != http::HeaderId::kOther)
            return "the request's field " + std::string(field.name);
    }
    return "a field of the request's head";
}

// Kinds that a signed URL is made of.
bool is_of_signature(const scan::Finding& finding) {
    return finding.rule == "azure-sas" || finding.rule == "aws-access-key-id" ||
           finding.rule == "aws-session-token" || finding.rule == "jwt";
}

}  // namespace

bool is_presigned(std::string_view target) {
    const std::size_t begin = target.find('?');
    if (begin == std::string_view::npos) return false;
    std::string_view query = target.substr(begin + 1);
    bool signature = false;
    bool terms = false;
    while (!query.empty()) {
        const std::string_view parameter = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), parameter.size() + 1));
        const std::string_view name = parameter.substr(0, parameter.find('='));
        const auto is_one_of = [&](const auto& names) {
            return std::any_of(names.begin(), names.end(), [&](std::string_view known) {
                return http::equal_ignoring_case(name, known);
            });
        };
        constexpr std::array<std::string_view, 4> kSignatures = {"sig", "X-Amz-Signature",
                                                                 "X-Goog-Signature", "Signature"};
        constexpr std::array<std::string_view, 5> kTerms = {"se", "X-Amz-Expires", "X-Goog-Expires",
                                                            "Expires", "Policy"};
        signature = signature || is_one_of(kSignatures);
        terms = terms || is_one_of(kTerms);
    }
    return signature && terms;
}

HeadVerdict scan_head(scan::Stream& stream, const HeadToScan& head) {
    const HeadText text(head);
    stream.feed(text.text);
    stream.finish();
    const bool presigned = is_presigned(head.target);
    HeadVerdict verdict;
    for (const scan::Finding& finding : stream.findings()) {
        const std::uint64_t begin = finding.offset;
        const std::uint64_t end = finding.offset + finding.length;
        const bool in_target = begin < text.fields_begin && end > text.target_begin;
        const bool in_authority = begin < text.target_begin && end > text.authority_begin;
        if (presigned && in_target && !in_authority && finding.seen_through.empty() &&
            is_of_signature(finding))
            continue;
        verdict.in_target = verdict.in_target || in_target;
        verdict.in_authority = verdict.in_authority || in_authority;
        verdict.more = verdict.more || stream.findings().size() == scan::Stream::kMostFindings ||
                       (verdict.caught && verdict.caught->rule != finding.rule);
        if (verdict.caught) continue;
        const bool all_over =
            begin < text.authority_begin || (begin < text.target_begin && end > text.fields_begin);
        const std::string place = all_over       ? "the request's head"
                                  : in_target    ? "the request's target"
                                  : in_authority ? "the request's host"
                                                 : place_of(text, head, begin);
        verdict.caught = caught_at(finding, place, std::nullopt);
    }
    return verdict;
}

}  // namespace botbottle::egress
