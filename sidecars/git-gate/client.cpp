#include "git-gate/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "git-gate/exchange.h"
#include "git-gate/gate.h"
#include "http/serializer.h"

namespace botbottle::git_gate {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPiece = std::size_t{64} * 1024;
constexpr auto kHeadPatience = 30s;  // also for the next request of a connection
constexpr auto kBodyPatience = 60s;
constexpr auto kWritePatience = 120s;
constexpr auto kLingerPatience = 5s;
constexpr std::size_t kMaxLinger = std::size_t{64} << 20;
// What is wanted and what is there, in a fetch.
constexpr std::uint64_t kMaxFetchRequest = std::uint64_t{64} << 20;
constexpr std::size_t kMaxProtocol = 64;

http::Limits limits() {
    http::Limits limits;
    limits.head = std::size_t{32} * 1024;
    limits.start_line = std::size_t{8} * 1024;
    limits.fields = 64;
    return limits;
}

std::string_view field(const http::RequestHead& head, std::string_view name) {
    const auto found = std::find_if(
        head.fields.begin(), head.fields.end(),
        [&](const http::HeaderField& each) { return http::equal_ignoring_case(each.name, name); });
    return found == head.fields.end() ? std::string_view() : found->value;
}

bool is_protocol(std::string_view text) {
    return text.size() <= kMaxProtocol && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '=' || c == ':' ||
                      c == '-' || c == '.';
           });
}

}  // namespace

void Client::serve(Gate& gate, Socket socket) {
    const auto client = std::make_shared<Client>(gate, std::move(socket));
    asio::co_spawn(
        gate.io().get_executor(), [client] { return client->run(); }, asio::detached);
}

Client::Client(Gate& gate, Socket socket)
    : gate_(gate),
      socket_(std::move(socket)),
      reading_(gate.io()),
      writing_(gate.io()),
      parser_(limits()) {}

Client::~Client() {
    gate_.client_ended();
}

void Client::arm(Timer& timer, std::chrono::milliseconds patience) {
    timer.expires_after(patience);
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = error ? nullptr : weak.lock();
        boost::system::error_code ignored;
        if (self) self->socket_.close(ignored);
    });
}

Task<void> Client::run() {
    for (bool more = true; more;) {
        const bool complete = co_await read_head();
        if (!complete) break;
        more = co_await answer();
        parser_.reset();
    }
    co_await linger();
}

Task<bool> Client::read_more() {
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kPiece);
    const auto [error, size] =
        co_await socket_.async_read_some(asio::buffer(buffer_.data() + had, kPiece), kAwait);
    buffer_.resize(had + (error ? 0 : size));
    co_return !error;
}

Task<bool> Client::read_head() {
    arm(reading_, kHeadPatience);
    for (;;) {
        const http::Event event = parser_.next(buffer_);
        if (event.kind == http::EventKind::kHead) {
            const http::RequestHead& head = parser_.head();
            head_ = {std::string(head.method),
                     std::string(head.form == http::TargetForm::kOrigin ? head.target : ""),
                     std::string(field(head, "content-type")),
                     std::string(field(head, "content-encoding")),
                     std::string(field(head, "git-protocol")),
                     head.framing,
                     head.minor_version,
                     head.keep_alive,
                     head.expects_continue};
        }
        const auto error = parser_.error();
        buffer_.erase(0, event.consumed);
        if (event.kind == http::EventKind::kHead) break;
        if (event.kind == http::EventKind::kError) {
            head_ = {};
            (void)co_await refuse(error.status, std::string(error.reason));
            co_return false;
        }
        const bool came = co_await read_more();
        if (!came) co_return false;
    }
    reading_.cancel();
    co_return true;
}

Task<bool> Client::write(std::string_view bytes) {
    arm(writing_, kWritePatience);
    const auto [error, size] = co_await asio::async_write(socket_, asio::buffer(bytes), kAwait);
    writing_.cancel();
    co_return !error;
}

// An answer of our own. git shows its text to who ran it. The connection ends with it, because the
// body that may follow is not read.
Task<bool> Client::refuse(int status, std::string text) {
    text = "botbottle: " + text + '\n';
    const http::HeaderFields fields = {{"Content-Type", "text/plain; charset=utf-8"},
                                       {"Cache-Control", "no-cache"}};
    std::string out;
    if (http::append_response_head(out, status, http::reason_phrase(status), fields,
                                   {http::BodyKind::kLength, text.size()}, false, ""))
        out += text;
    (void)co_await write(out);
    co_return false;
}

// Until the peer has read what it was told: a socket that is closed with unread bytes is reset.
Task<void> Client::linger() {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    arm(reading_, kLingerPatience);
    std::size_t dropped = 0;
    for (bool more = true; more && dropped < kMaxLinger;) {
        buffer_.clear();
        more = co_await read_more();
        dropped += buffer_.size();
    }
    reading_.cancel();
    socket_.close(ignored);
}

Task<bool> Client::answer() {
    const GitRequest request = read_request(head_.method, head_.target);
    Mirror* const mirror = request.status == 200 ? gate_.find(request.repo) : nullptr;
    bool more = false;
    if (request.status == 405)
        more = co_await refuse(405, "a repo is read with GET and POST, by git");
    else if (mirror == nullptr)
        more = co_await refuse(404,
                               "there is no such repo here; the bottle's manifest names those "
                               "that there are (git-gate.repos)");
    else
        more = co_await serve_git(request, *mirror);
    co_return more;
}

Task<bool> Client::serve_git(GitRequest request, Mirror& mirror) {
    const bool push = request.service == Service::kPush;
    body_limit_ = request.advertises ? 0
                  : push             ? mirror.repo().rules.max_push_bytes
                                     : kMaxFetchRequest;
    if (head_.framing.length.value_or(0) > body_limit_) {
        const std::string reason = "the request has " + std::to_string(*head_.framing.length) +
                                   " bytes, and " + std::to_string(body_limit_) + " may be sent";
        if (push) (void)gate_.recorder().deny("push", mirror.repo(), "push_too_large", reason);
        const bool more = co_await refuse(413, reason);
        co_return more;
    }
    if (!is_protocol(head_.git_protocol)) {
        const bool more = co_await refuse(400, "Git-Protocol is not one that git sends");
        co_return more;
    }
    if (request.advertises) {
        const auto fresh = co_await mirror.refresh();
        if (!fresh) {
            const Error& why = fresh.error();
            (void)gate_.recorder().deny(push ? "push" : "fetch", mirror.repo(), why.code,
                                        why.message);
            const int status = why.code == "no_host_key" ? 403 : 502;
            const std::string text = why.message + (why.hint.empty() ? "" : "; " + why.hint);
            const bool more = co_await refuse(status, text);
            co_return more;
        }
    }
    const bool more = co_await run_backend(request, mirror);
    co_return more;
}

Task<bool> Client::run_backend(GitRequest request, Mirror& mirror) {
    const auto slot = co_await gate_.slots().take();
    Entry entry;
    const bool fetches = !request.advertises && request.service == Service::kFetch;
    if (fetches) {
        entry = gate_.recorder().allow("fetch", mirror.repo(), "declared_repo");
        if (entry.number == 0) {
            const bool more = co_await refuse(503, "the record cannot be written");
            co_return more;
        }
    }
    BackendRequest backend;
    backend.method = head_.method;
    backend.repo_path = '/' + mirror.repo().name + ".git" + std::string(request.path);
    backend.query = request.query;
    backend.content_type = head_.content_type;
    backend.content_encoding = head_.content_encoding;
    backend.git_protocol = head_.git_protocol;
    backend.length = head_.framing.length;
    backend.pushes = request.service == Service::kPush && !request.advertises;
    auto started = Exchange::start(gate_, mirror, backend);
    if (!started) {
        const bool more = co_await refuse(500, started.error().message);
        co_return more;
    }
    const std::shared_ptr<Exchange> exchange = *std::move(started);
    if (head_.expects_continue) (void)co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    asio::co_spawn(
        gate_.io().get_executor(),
        [self = shared_from_this(), exchange] { return self->pump_body(exchange); },
        asio::detached);
    const bool answered = co_await pump_answer(exchange);
    // Nothing is being written now: what can be under way is the reading of a body that git did not
    // want to the end.
    exchange->over = true;
    boost::system::error_code ignored;
    if (!exchange->body_done) socket_.cancel(ignored);
    while (!exchange->body_done)
        (void)co_await exchange->body_ended.async_wait(kAwait);
    const int code = co_await exchange->child->wait();
    if (exchange->session) exchange->session->close();
    if (fetches)
        gate_.recorder().end(entry, "fetch", mirror.repo(), code == 0 ? 200 : 500,
                             exchange->received, exchange->sent, "");
    co_return answered && exchange->whole&& head_.keep_alive;
}

// From the client into http-backend, until the body's end, or until it goes wrong.
Task<void> Client::pump_body(std::shared_ptr<Exchange> exchange) {
    bool open = true;
    bool unwanted = false;  // git has closed its end: it has its own answer
    while (open) {
        const http::Event event = parser_.next(buffer_);
        if (event.kind == http::EventKind::kBody) {
            exchange->received += event.data.size();
            exchange->too_large = exchange->received > body_limit_;
            open = !exchange->too_large;
            if (open) {
                const auto [error, size] =
                    co_await asio::async_write(exchange->input, asio::buffer(event.data), kAwait);
                open = !error;
                unwanted = error.failed();
            }
        }
        exchange->whole = event.kind == http::EventKind::kEnd;
        exchange->malformed = event.kind == http::EventKind::kError;
        open = open && !exchange->whole && !exchange->malformed;
        buffer_.erase(0, event.consumed);
        if (open && event.kind == http::EventKind::kNeedMore) {
            arm(reading_, kBodyPatience);
            open = co_await read_more();
            reading_.cancel();
            open = open && !exchange->over;
        }
    }
    // Half a body must not be taken for a whole one: git is not to see its end, nor to answer it.
    boost::system::error_code ignored;
    if (!exchange->whole && !exchange->over && !unwanted)
        exchange->child->terminate();
    else
        exchange->input.close(ignored);
    exchange->body_done = true;
    exchange->body_ended.cancel();
}

// From http-backend to the client. True when the client has the whole answer.
Task<bool> Client::pump_answer(std::shared_ptr<Exchange> exchange) {
    std::string piece;
    std::optional<CgiHead> head;
    while (!head) {
        const std::size_t had = piece.size();
        piece.resize(had + kPiece);
        const auto [error, size] = co_await exchange->output.async_read_some(
            asio::buffer(piece.data() + had, kPiece), kAwait);
        piece.resize(had + (error ? 0 : size));
        head = read_cgi_head(piece);
        if (error && !head) head = CgiHead{0, {}, 0};
    }
    if (head->status == 0) {
        bool told = false;
        if (exchange->too_large)
            told = co_await refuse(413, "the push has more than " + std::to_string(body_limit_) +
                                            " bytes, which is what the bottle may push at once");
        else if (exchange->malformed)
            told = co_await refuse(400, "the body is not framed as HTTP says");
        else
            told = co_await refuse(500, "git did not answer");
        co_return told;
    }
    http::HeaderFields fields;
    for (const auto& [name, value] : head->fields)
        fields.emplace_back(name, value);
    const bool chunked = head_.minor_version == 1;
    std::string out;
    const bool writable = http::append_response_head(
        out, head->status, http::reason_phrase(head->status), fields,
        {chunked ? http::BodyKind::kChunked : http::BodyKind::kUntilClose, std::nullopt},
        head_.keep_alive, "");
    if (!writable) co_return false;
    piece.erase(0, head->size);
    for (;;) {
        if (!piece.empty()) {
            http::ChunkLine line;
            if (chunked) out += http::chunk_line(piece.size(), line);
            out += piece;
            if (chunked) out += http::kChunkEnd;
        }
        exchange->sent += piece.size();
        const bool written = co_await write(out);
        if (!written) {
            exchange->child->terminate();
            co_return false;
        }
        out.clear();
        piece.resize(kPiece);
        const auto [error, size] =
            co_await exchange->output.async_read_some(asio::buffer(piece), kAwait);
        piece.resize(error ? 0 : size);
        if (error) break;
    }
    // To half an answer git would wait for the rest, for ever, if it looked whole.
    if (exchange->too_large || exchange->malformed) co_return false;
    bool whole = true;
    if (chunked) whole = co_await write("0\r\n\r\n");
    co_return whole;
}

}  // namespace botbottle::git_gate
