// See pair.h.
#include "pair.h"

#include <algorithm>

namespace botbottle::http2::testing {

namespace {

constexpr std::size_t kFrameHead = 9;

std::uint32_t number(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char c : bytes)
        value = (value << 8) | static_cast<unsigned char>(c);
    return value;
}

void append_number(std::string& out, std::uint32_t value, int bytes) {
    while (bytes-- > 0)
        out += static_cast<char>((value >> (8 * bytes)) & 0xff);
}

}  // namespace

std::string frame(unsigned char type, unsigned char flags, std::uint32_t stream,
                  std::string_view payload) {
    std::string out;
    append_number(out, static_cast<std::uint32_t>(payload.size()), 3);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    append_number(out, stream, 4);
    out += payload;
    return out;
}

std::vector<Frame> frames(std::string_view bytes) {
    std::vector<Frame> found;
    while (bytes.size() >= kFrameHead) {
        const std::size_t size = number(bytes.substr(0, 3));
        found.push_back({static_cast<unsigned char>(bytes[3]), static_cast<unsigned char>(bytes[4]),
                         number(bytes.substr(5, 4)), std::string(bytes.substr(kFrameHead, size))});
        bytes.remove_prefix(std::min(bytes.size(), kFrameHead + size));
    }
    return found;
}

int error_code_of(std::string_view bytes, unsigned char type) {
    for (const Frame& each : frames(bytes)) {
        if (each.type == type)
            return static_cast<int>(
                number(std::string_view(each.payload).substr(type == 7 ? 4 : 0, 4)));
    }
    return -1;
}

void Pair::pump(std::size_t piece) {
    const auto deliver = [&](Session& from, Session& to) {
        Wire wire;
        from.send(wire, now);
        const bool any = !wire.bytes.empty();
        for (std::string_view rest = wire.bytes; !rest.empty();) {
            const std::string_view part = rest.substr(0, piece);
            to.receive(part, now);
            rest.remove_prefix(part.size());
        }
        return any;
    };
    for (bool any = true; any;) {
        any = deliver(client, server);
        any = deliver(server, client) || any;
    }
}

StreamPtr Pair::ask(const std::vector<Header>& headers, bool has_body) {
    asked = client.open(headers, has_body, headers.front().value == "HEAD");
    pump();
    return server.take_request();
}

std::vector<Header> get(std::string_view path) {
    return {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", path}};
}

std::string taken(Stream& stream) {
    std::string out;
    for (;;) {
        const http::Event event = stream.next();
        switch (event.kind) {
            case http::EventKind::kHead:
                out += std::to_string(stream.response().status) + "\n";
                break;
            case http::EventKind::kBody:
                out += event.data;
                break;
            case http::EventKind::kTrailers:
                for (const auto& field : stream.trailers())
                    out.append(field.name).append(": ").append(field.value).append("\n");
                break;
            case http::EventKind::kEnd:
                return out + "end";
            case http::EventKind::kError:
                return out + "error";
            case http::EventKind::kNeedMore:
                return out + "more";
        }
    }
}

}  // namespace botbottle::http2::testing
