// The lines of a head: one memchr per line, one table scan per name, one vector scan per value.
#include "http/field_section.h"

#include <cstring>

namespace botbottle::http {
namespace {

bool is_white(char c) noexcept {
    return c == ' ' || c == '\t';
}

}  // namespace

FieldSection::FieldSection(const SectionLimits& limits) noexcept : limits_(limits) {}

void FieldSection::reset() noexcept {
    start_line_done_ = false;
    start_line_size_ = line_start_ = scanned_ = 0;
    spans_.clear();
}

bool FieldSection::refuse(int status, std::string_view rule, std::string_view reason) noexcept {
    error_ = {status, rule, reason};
    return false;
}

// Checked before a line is looked at, so that the answer does not depend on how the bytes were cut.
bool FieldSection::within_limits() noexcept {
    if (in_start_line() && scanned_ - line_start_ > limits_.start_line + 2) {
        return refuse(414, "start_line_too_long", "the start line is too long");
    }
    if (scanned_ > limits_.bytes) {
        return limits_.start_line != 0
                   ? refuse(431, "header_too_large", "the header fields are too large")
                   : refuse(431, "trailer_too_large", "the trailer fields are too large");
    }
    return true;
}

FieldSection::Progress FieldSection::feed(std::string_view buffer) {
    while (scanned_ < buffer.size()) {
        const auto* found = static_cast<const char*>(
            std::memchr(buffer.data() + scanned_, '\n', buffer.size() - scanned_));
        if (found == nullptr) {
            scanned_ = buffer.size();
            return within_limits() ? Progress::kNeedMore : Progress::kError;
        }
        const auto line_feed = static_cast<std::size_t>(found - buffer.data());
        scanned_ = line_feed + 1;
        if (!within_limits()) return Progress::kError;
        if (line_feed == line_start_ || buffer[line_feed - 1] != '\r') {
            refuse(400, "bare_line_feed", "a line ends in LF without CR");
            return Progress::kError;
        }
        const auto line_end = line_feed - 1;
        if (in_start_line()) {
            start_line_done_ = true;
            start_line_size_ = line_end;
            line_start_ = scanned_;
            return Progress::kStartLine;
        }
        if (line_end == line_start_) return Progress::kComplete;
        if (!take_field(buffer, line_end)) return Progress::kError;
        line_start_ = scanned_;
    }
    return Progress::kNeedMore;
}

bool FieldSection::take_field(std::string_view buffer, std::size_t line_end) {
    const auto line = buffer.substr(line_start_, line_end - line_start_);
    if (is_white(line.front())) {
        return refuse(400, "folded_header", "a header line begins with white space (obs-fold)");
    }
    if (spans_.size() == limits_.fields) {
        return refuse(431, "too_many_headers", "there are too many header fields");
    }
    const auto name_size = token_size(line);
    if (name_size == line.size() || line[name_size] != ':' || name_size == 0) {
        return name_size > 0 && name_size < line.size() && is_white(line[name_size])
                   ? refuse(400, "space_before_colon", "white space before a header's colon")
                   : refuse(400, "bad_header_name", "a header name is not a token");
    }
    std::size_t begin = name_size + 1;
    std::size_t end = line.size();
    while (begin < end && is_white(line[begin]))
        ++begin;
    while (end > begin && is_white(line[end - 1]))
        --end;
    if (!is_field_value(line.substr(begin, end - begin))) {
        return refuse(400, "control_byte", "a header value holds a control byte");
    }
    spans_.push_back(
        {static_cast<std::uint32_t>(line_start_), static_cast<std::uint32_t>(name_size),
         static_cast<std::uint32_t>(line_start_ + begin), static_cast<std::uint32_t>(end - begin),
         classify(line.substr(0, name_size))});
    return true;
}

void FieldSection::fields(std::string_view buffer, HeaderFields& out) const {
    out.clear();
    for (const auto& span : spans_) {
        out.emplace_back(buffer.substr(span.name, span.name_size),
                         buffer.substr(span.value, span.value_size), span.id);
    }
}

}  // namespace botbottle::http
