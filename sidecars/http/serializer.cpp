// Writes heads from values, and checks each value again: nothing here trusts its caller with a line
// end.
#include "http/serializer.h"

#include <algorithm>
#include <charconv>

namespace botbottle::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

// Host, framing and Connection are this file's to write: a second one would be a smuggled one.
bool may_be_written(const HeaderField& field) noexcept {
    switch (field.id) {
        case HeaderId::kHost:
        case HeaderId::kContentLength:
        case HeaderId::kTransferEncoding:
        case HeaderId::kConnection:
        case HeaderId::kUpgrade:
            return false;
        default:
            return is_token(field.name) && is_field_value(field.value);
    }
}

bool may_be_written(const HeaderFields& fields) noexcept {
    return std::all_of(fields.begin(), fields.end(),
                       [](const HeaderField& field) { return may_be_written(field); });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append(kLineEnd);
}

void append_fields(std::string& out, const HeaderFields& fields) {
    for (const auto& field : fields)
        append_field(out, field.name, field.value);
}

void append_framing(std::string& out, const Framing& framing) {
    if (framing.kind == BodyKind::kChunked) {
        append_field(out, "Transfer-Encoding", "chunked");
    } else if (framing.length) {
        std::array<char, 20> digits;
        const auto end =
            std::to_chars(digits.data(), digits.data() + digits.size(), *framing.length);
        append_field(out, "Content-Length",
                     {digits.data(), static_cast<std::size_t>(end.ptr - digits.data())});
    }
}

// `option` may be empty.
void append_connection(std::string& out, std::string_view option, std::string_view upgrade) {
    if (option.empty() && upgrade.empty()) return;
    out.append("Connection: ").append(option);
    if (!option.empty() && !upgrade.empty()) out.append(", ");
    if (!upgrade.empty()) out.append("Upgrade");
    out.append(kLineEnd);
    if (!upgrade.empty()) append_field(out, "Upgrade", upgrade);
}

}  // namespace

bool append_request_head(std::string& out, const RequestLine& line, const HeaderFields& fields,
                         const Framing& framing, std::string_view upgrade,
                         const HeaderField* injected) {
    if (!is_token(line.method) || !is_target(line.target) || line.host.empty() ||
        !is_field_value(line.host) || !is_field_value(upgrade) || !may_be_written(fields) ||
        (injected != nullptr && !may_be_written(*injected))) {
        return false;
    }
    out.append(line.method).append(" ").append(line.target).append(" HTTP/1.1\r\n");
    append_field(out, "Host", line.host);
    append_fields(out, fields);
    append_framing(out, framing);
    // RFC 9110 10.1.4: TE is an option of this connection.
    append_connection(out, find(fields, HeaderId::kTe) != nullptr ? "TE" : "", upgrade);
    if (injected != nullptr) append_field(out, injected->name, injected->value);
    out.append(kLineEnd);
    return true;
}

bool append_response_head(std::string& out, int status, std::string_view reason,
                          const HeaderFields& fields, const Framing& framing, bool keep_alive,
                          std::string_view upgrade) {
    if (status < 100 || status > 999 || !is_field_value(reason) || !is_field_value(upgrade) ||
        !may_be_written(fields)) {
        return false;
    }
    out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason);
    out.append(kLineEnd);
    append_fields(out, fields);
    append_framing(out, framing);
    const bool close = !keep_alive || framing.kind == BodyKind::kUntilClose;
    append_connection(out, close ? "close" : "", upgrade);
    out.append(kLineEnd);
    return true;
}

std::string_view chunk_line(std::size_t size, ChunkLine& storage) noexcept {
    const auto end = std::to_chars(storage.data(), storage.data() + 16, size, 16);
    end.ptr[0] = '\r';
    end.ptr[1] = '\n';
    return {storage.data(), static_cast<std::size_t>(end.ptr - storage.data()) + 2};
}

bool append_last_chunk(std::string& out, const HeaderFields& trailers) {
    if (!may_be_written(trailers)) return false;
    out.append("0\r\n");
    append_fields(out, trailers);
    out.append(kLineEnd);
    return true;
}

std::string_view reason_phrase(int status) noexcept {
    struct Phrase {
        int status;
        std::string_view text;
    };
    static constexpr Phrase kPhrases[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {103, "Early Hints"},
        {200, "OK"},
        {204, "No Content"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    const auto* found = std::find_if(std::begin(kPhrases), std::end(kPhrases),
                                     [status](const Phrase& row) { return row.status == status; });
    return found == std::end(kPhrases) ? std::string_view{} : found->text;
}

}  // namespace botbottle::http
