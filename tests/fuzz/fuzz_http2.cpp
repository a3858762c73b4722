// Any bytes from the peer of an HTTP/2 session. The first byte says which side we are, whether the
// peer begins as it should, and how much arrives at once; the streams are served meanwhile.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http2/session.h"

namespace {

using namespace botbottle;
using namespace botbottle::http2;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);
constexpr std::size_t kMaxOutput = 256 * 1024;

void expect(bool held) {
    if (!held) std::abort();
}

struct Discard final : Sink {
    std::size_t size = 0;
    void write(std::string_view bytes) override { size += bytes.size(); }
    bool full() const override { return size > kMaxOutput; }
};

void check_fields(const http::HeaderFields& fields) {
    expect(fields.size() <= HeadBlock::kMaxFields);
    for (const http::HeaderField& field : fields)
        expect(http::is_token(field.name) && http::is_field_value(field.value));
}

// What may be sent on as HTTP/1.1.
void check_request(const http::RequestHead& head) {
    check_fields(head.fields);
    expect(http::is_token(head.method) && head.method != "CONNECT");
    expect(!head.target.empty() && http::is_target(head.target));
    expect(!head.host.empty() && http::is_field_value(head.host));
}

struct Served {
    StreamPtr stream;
    std::optional<std::uint64_t> length;
    std::uint64_t got = 0;
    bool over = false;
};

// Reads what is there; true when the message came to its end.
void take(Served& served, bool release) {
    for (;;) {
        const http::Event event = served.stream->next();
        if (event.kind == http::EventKind::kBody) {
            expect(event.data.size() <= Stream::kPiece);
            served.got += event.data.size();
        } else if (event.kind == http::EventKind::kHead) {
            const http::ResponseHead& head = served.stream->response();
            check_fields(head.fields);
            expect(head.status >= 100 && head.status <= 999);
            if (!head.is_informational() && head.framing.kind == http::BodyKind::kLength)
                served.length = head.framing.length;
        } else if (event.kind == http::EventKind::kEnd) {
            expect(!served.length || *served.length == served.got);
            served.over = true;
            return;
        } else if (event.kind == http::EventKind::kError) {
            served.over = true;
            return;
        } else if (event.kind == http::EventKind::kNeedMore) {
            if (release) served.stream->release();
            return;
        }
    }
}

void serve(Session& session, std::vector<Served>& streams, unsigned char how) {
    while (const StreamPtr stream = session.take_request()) {
        Served served{stream};
        if (stream->head_error().status != 0) {
            session.answer(*stream, {{":status", "400"}}, false);
            stream->detach();
            continue;
        }
        check_request(stream->request());
        if (stream->request().framing.kind == http::BodyKind::kLength)
            served.length = stream->request().framing.length;
        streams.push_back(std::move(served));
    }
    for (Served& served : streams) {
        const bool was_over = served.over;
        if (!was_over) take(served, (how & 8) == 0);
        if (was_over || !served.over) continue;
        session.inform(*served.stream, {{":status", "103"}});
        session.answer(*served.stream, {{":status", "200"}, {"x", "y"}}, true);
        served.stream->write(std::string(1000, 'x'));
        served.stream->finish({{"x-sum", "1"}});
        if ((how & 16) != 0) served.stream->detach();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const unsigned char how = data[0];
    std::string bytes;
    const Side side = (how & 1) != 0 ? Side::kClient : Side::kServer;
    if ((how & 2) == 0) bytes.append(side == Side::kServer ? kPreface : "").append(kSettings);
    bytes.append(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t piece = (how & 4) != 0 ? 1 + (how >> 5) : bytes.size();

    Session session(side);
    std::vector<Served> streams;
    const Clock::time_point now{};
    if (side == Side::kClient) {
        for (const char* path : {"/a", "/b"})
            streams.push_back({session.open({{":method", "GET"},
                                             {":scheme", "https"},
                                             {":authority", "a.example"},
                                             {":path", path}},
                                            false, path[1] == 'b')});
    }
    for (std::string_view rest = bytes; !rest.empty();) {
        Discard sink;
        session.send(sink, now);
        const std::string_view part = rest.substr(0, piece);
        rest.remove_prefix(part.size());
        const bool alive = session.receive(part, now);
        serve(session, streams, how);
        if (!alive) break;
    }
    Discard sink;
    session.send(sink, now);
    session.fail_all();
    for (Served& served : streams) {
        if (!served.over) take(served, true);
    }
    return 0;
}
