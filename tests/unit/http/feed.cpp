#include "feed.h"

#include <memory>
#include <ostream>
#include <random>

namespace botbottle::http::testing {
namespace {

std::string describe(const HeaderFields& fields) {
    std::string out;
    for (const auto& field : fields) {
        out.append(field.name).append(": ").append(field.value).append("\n");
    }
    return out;
}

std::string describe(const Framing& framing) {
    const auto length = framing.length ? std::to_string(*framing.length) : std::string();
    switch (framing.kind) {
        case BodyKind::kNone:
            return length.empty() ? "none" : "none, length " + length;
        case BodyKind::kLength:
            return "length " + length;
        case BodyKind::kChunked:
            return "chunked";
        case BodyKind::kUntilClose:
            return "until close";
    }
    return {};
}

std::string describe(const RequestHead& head) {
    return std::string(head.method) + "|" + (head.authority ? head.authority->text() : "") + "|" +
           std::string(head.target) + "|1." + std::to_string(head.minor_version) + "\n" +
           describe(head.fields) + "(" + describe(head.framing) + ")\n";
}

std::string describe(const ResponseHead& head) {
    return std::to_string(head.status) + "|" + std::string(head.reason) + "|1." +
           std::to_string(head.minor_version) + "\n" + describe(head.fields) + "(" +
           describe(head.framing) + ")\n";
}

// The unread bytes of a connection, in memory of exactly their size that is wiped when they move.
class Unread {
  public:
    void append(std::string_view more) { replace(std::string(view()) + std::string(more)); }
    void drop(std::size_t count) { replace(std::string(view().substr(count))); }
    std::string_view view() const { return {bytes_.get(), size_}; }

  private:
    void replace(const std::string& text) {
        auto next = std::make_unique<char[]>(text.size());
        std::copy(text.begin(), text.end(), next.get());
        std::fill(bytes_.get(), bytes_.get() + size_, '#');
        bytes_ = std::move(next);
        size_ = text.size();
    }
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

template <typename Parser>
bool record(const Parser& parser, const Event& event, Transcript& out) {
    switch (event.kind) {
        case EventKind::kNeedMore:
            return false;
        case EventKind::kHead:
            out.heads += describe(parser.head());
            return true;
        case EventKind::kBody:
            out.body += event.data;
            return true;
        case EventKind::kTrailers:
            out.trailers += describe(parser.trailers());
            return true;
        case EventKind::kEnd:
            out.ended = true;
            return false;
        case EventKind::kError:
            out.status = parser.error().status;
            out.rule = parser.error().rule;
            return false;
    }
    return false;
}

template <typename Parser>
void feed(Parser& parser, std::string_view bytes, std::vector<std::size_t> cuts, Transcript& out) {
    cuts.push_back(bytes.size());
    Unread unread;
    std::size_t read = 0;
    for (const auto cut : cuts) {
        if (!out.ended) unread.append(bytes.substr(read, cut - read));
        read = cut;
        bool more = !out.ended && out.status == 0;
        while (more) {
            const auto event = parser.next(unread.view());
            more = record(parser, event, out);
            unread.drop(event.consumed);
        }
        if (out.ended) {
            out.leftover = bytes.size() - read + unread.view().size();
            return;
        }
    }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Transcript& transcript) {
    return out << "heads: " << transcript.heads << "body: " << transcript.body
               << "\ntrailers: " << transcript.trailers << "\nended: " << transcript.ended
               << " leftover: " << transcript.leftover << "\nerror: " << transcript.status << " "
               << transcript.rule;
}

Transcript feed_request(std::string_view bytes, const std::vector<std::size_t>& cuts,
                        const Limits& limits) {
    RequestParser parser(limits);
    Transcript out;
    feed(parser, bytes, cuts, out);
    return out;
}

Transcript feed_response(std::string_view bytes, const std::vector<std::size_t>& cuts,
                         AnsweredMethod answered, bool close, const Limits& limits) {
    ResponseParser parser(limits);
    parser.reset(answered);
    Transcript out;
    feed(parser, bytes, cuts, out);
    if (close && !out.ended && out.status == 0) record(parser, parser.finish(), out);
    return out;
}

std::vector<std::vector<std::size_t>> ways_to_cut(std::size_t size) {
    std::vector<std::vector<std::size_t>> ways(2);
    for (std::size_t at = 1; at < size; ++at)
        ways[1].push_back(at);
    std::mt19937 random(size == 0 ? 1 : static_cast<unsigned>(size));
    for (int round = 0; round < 20; ++round) {
        std::uniform_int_distribution<std::size_t> piece(1, round < 10 ? 5 : 40);
        std::vector<std::size_t> cuts;
        for (auto at = piece(random); at < size; at += piece(random))
            cuts.push_back(at);
        ways.push_back(std::move(cuts));
    }
    return ways;
}

}  // namespace botbottle::http::testing
