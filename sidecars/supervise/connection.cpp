#include "supervise/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "http/denial.h"
#include "http/parser.h"
#include "http/serializer.h"
#include "supervise/mcp.h"
#include "supervise/pages.h"

namespace botbottle::supervise {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::deferred);
constexpr std::string_view kMcp = "/mcp";
constexpr std::string_view kEventStream = "text/event-stream";
constexpr const char* kJson = "application/json";

http::Limits limits() {
    http::Limits limits;
    limits.start_line = 4096;
    limits.head = std::size_t{16} * 1024;
    limits.fields = 64;
    limits.body = kMaxBody;
    return limits;
}

std::string_view field(const http::RequestHead& head, std::string_view name) {
    for (const http::HeaderField& each : head.fields)
        if (http::equal_ignoring_case(each.name, name)) return each.value;
    return {};
}

// A page of the web that runs in a browser inside the bottle does not speak for the agent (MCP,
// "Security Warning": servers must look at Origin).
bool is_foreign(std::string_view origin) {
    if (origin.empty()) return false;
    for (const std::string_view own :
         {"http://127.0.0.1", "http://localhost", "http://supervise.botbottle"}) {
        if (!origin.starts_with(own)) continue;
        const std::string_view port = origin.substr(own.size());
        if (port.empty() ||
            (port[0] == ':' && port.find_first_not_of("0123456789", 1) == std::string_view::npos))
            return false;
    }
    return true;
}

// A request, out of the reader's buffer.
struct Request {
    std::string method;
    std::string target;
    std::string body;
    std::string origin;
    std::string version;  // MCP-Protocol-Version
    bool event_stream = false;
    bool keep_alive = true;
    bool chunks = true;  // the client knows chunked
};

class Connection {
  public:
    Connection(asio::io_context& io, Socket socket, Service& service)
        : socket_(std::move(socket)), deadline_(io), service_(service) {}

    Task<void> run();

  private:
    Task<bool> read_request(Request& request);
    void take_head(Request& request);
    Task<bool> answer(Request& request);
    Task<bool> answer_mcp(const Request& request);
    Task<bool> answer_call(const Request& request, const Reply& reply);
    Task<bool> answer_page_request(const Request& request);
    Task<bool> answer_later(const Request& request, const CallResult& call);
    Task<bool> begin(const Request& request, const char* type);
    Task<bool> chunk(std::string_view text);
    Task<bool> finish(std::string_view text);
    Task<bool> respond(const Request& request, int status, const char* type, std::string_view body);
    Task<bool> refuse(int status, std::string_view rule, std::string_view reason);
    Task<bool> write(std::string_view bytes);
    void arm(std::chrono::seconds time);

    Socket socket_;
    asio::steady_timer deadline_;
    Service& service_;
    http::RequestParser parser_{limits()};
    std::string buffer_;
    bool chunked_ = true;
};

// The operation that is under way fails when its time is over.
void Connection::arm(std::chrono::seconds time) {
    deadline_.expires_after(time);
    deadline_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        boost::system::error_code ignored;
        socket_.close(ignored);  // NOLINT(bugprone-unused-return-value)
    });
}

Task<void> Connection::run() {
    for (;;) {
        Request request;
        const bool complete = co_await read_request(request);
        if (!complete) break;
        const bool goes_on = co_await answer(request);
        if (!goes_on || !request.keep_alive) break;
        parser_.reset();
    }
    deadline_.cancel();
}

Task<bool> Connection::read_request(Request& request) {
    arm(kIdleTime);
    bool begun = false;
    for (;;) {
        const http::Event event = parser_.next(buffer_);
        if (event.kind == http::EventKind::kHead) {
            take_head(request);
            arm(kBodyTime);
        }
        if (event.kind == http::EventKind::kBody) request.body.append(event.data);
        if (event.kind == http::EventKind::kError) {
            const http::ProtocolError& error = parser_.error();
            co_await refuse(error.status, error.rule, error.reason);
            co_return false;
        }
        buffer_.erase(0, event.consumed);
        if (event.kind == http::EventKind::kEnd) co_return true;
        if (event.kind == http::EventKind::kHead && parser_.head().expects_continue) {
            const bool sent = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
            if (!sent) co_return false;
        }
        if (event.kind != http::EventKind::kNeedMore) continue;
        char bytes[16384];
        const auto [error, size] = co_await socket_.async_read_some(asio::buffer(bytes), kAwait);
        if (error) co_return false;
        buffer_.append(bytes, size);
        if (!std::exchange(begun, true)) arm(kHeadTime);
    }
}

void Connection::take_head(Request& request) {
    const http::RequestHead& head = parser_.head();
    request.method = head.method;
    request.target = head.target;
    request.origin = field(head, "Origin");
    request.version = field(head, "MCP-Protocol-Version");
    request.event_stream = field(head, "Accept").find(kEventStream) != std::string_view::npos;
    request.keep_alive = head.keep_alive;
    request.chunks = head.minor_version == 1;
}

Task<bool> Connection::answer(Request& request) {
    if (is_foreign(request.origin))
        co_return co_await refuse(403, "foreign_origin", "a page of another origin may not ask");
    const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
    if (path != kMcp) co_return co_await answer_page_request(request);
    if (request.method != "POST") {
        // No stream of the server's own, and no session to end: clients take this for an answer.
        co_return co_await respond(request, 405, kJson, R"({"error":"POST only"})");
    }
    co_return co_await answer_mcp(request);
}

Task<bool> Connection::answer_mcp(const Request& request) {
    const auto message = parse_document(request.body);
    if (!message)
        co_return co_await respond(request, 400, kJson,
                                   write_document(mcp_error({}, kParseError, "this is not JSON")));
    const bool probe =
        message->is_object() && message->value("method", Json()) == "server/discover";
    if (!probe && !request.version.empty() && !is_protocol_version(request.version))
        co_return co_await respond(
            request, 400, kJson,
            write_document(mcp_error({}, kInvalidRequest, "unsupported protocol version")));
    if (!message->is_array()) {
        const Reply reply = answer_message(service_, *message);
        if (reply.call) co_return co_await answer_call(request, reply);
        if (!reply.message) co_return co_await respond(request, 202, kJson, "");
        co_return co_await respond(request, 200, kJson, write_document(*reply.message));
    }
    // A batch (2025-03-26 only): nothing in it waits.
    if (message->empty() || message->size() > kMaxBatch)
        co_return co_await respond(
            request, 400, kJson,
            write_document(mcp_error({}, kInvalidRequest, "a batch of 1 to 16 messages")));
    Json answers = Json::array();
    for (const Json& each : *message) {
        Reply reply = answer_message(service_, each);
        if (reply.call)
            answers.push_back(mcp_result(reply.id, answer_about(service_, reply.call->waits_for)));
        else if (reply.message)
            answers.push_back(*std::move(reply.message));
    }
    if (answers.empty()) co_return co_await respond(request, 202, kJson, "");
    co_return co_await respond(request, 200, kJson, write_document(answers));
}

// Headers at once, then a sign of life every 20 s: what keeps the real clients waiting.
Task<bool> Connection::answer_call(const Request& request, const Reply& reply) {
    const std::string id = reply.call->waits_for;
    const bool stream = request.event_stream;
    const char* const type = stream ? "text/event-stream" : kJson;
    bool alive = co_await begin(request, type);
    const auto until = Clock::now() + reply.call->budget;
    for (int step = 1; alive && service_.is_open(id) && Clock::now() < until; ++step) {
        if (step > 1) {
            const std::string progress =
                !stream ? "\n"
                : reply.progress_token.is_null()
                    ? ": waiting\n\n"
                    : "data: " + write_document(mcp_progress(reply.progress_token, step)) + "\n\n";
            alive = co_await chunk(progress);
        }
        co_await service_.wait(id, std::min(until, Clock::now() + kProgressEvery));
    }
    if (!alive) co_return false;
    std::string text = write_document(mcp_result(reply.id, answer_about(service_, id)));
    if (stream) text = "event: message\ndata: " + text + "\n\n";
    co_return co_await finish(text);
}

Task<bool> Connection::answer_page_request(const Request& request) {
    const Page page = answer_page(service_, {request.method, request.target, request.body});
    if (!page.result.waits_for.empty()) co_return co_await answer_later(request, page.result);
    if (!page.text.empty())
        co_return co_await respond(request, page.status, "text/plain; charset=utf-8", page.text);
    co_return co_await respond(request, page.status, kJson,
                               write_document(page.result.answer) + "\n");
}

Task<bool> Connection::answer_later(const Request& request, const CallResult& call) {
    const auto until = Clock::now() + call.budget;
    bool alive = co_await begin(request, kJson);
    while (alive && service_.is_open(call.waits_for) && Clock::now() < until) {
        co_await service_.wait(call.waits_for, std::min(until, Clock::now() + kProgressEvery));
        if (service_.is_open(call.waits_for)) alive = co_await chunk("\n");
    }
    if (!alive) co_return false;
    co_return co_await finish(write_document(answer_about(service_, call.waits_for).answer) + "\n");
}

Task<bool> Connection::begin(const Request& request, const char* type) {
    chunked_ = request.chunks;
    std::string head;
    const http::HeaderFields fields = {{"Content-Type", type}, {"Cache-Control", "no-store"}};
    (void)http::append_response_head(
        head, 200, "OK", fields,
        {chunked_ ? http::BodyKind::kChunked : http::BodyKind::kUntilClose, std::nullopt},
        request.keep_alive && chunked_, {});
    co_return co_await write(head);
}

Task<bool> Connection::chunk(std::string_view text) {
    if (!chunked_) co_return co_await write(text);
    http::ChunkLine line;
    std::string bytes(http::chunk_line(text.size(), line));
    bytes.append(text).append(http::kChunkEnd);
    co_return co_await write(bytes);
}

Task<bool> Connection::finish(std::string_view text) {
    const bool sent = co_await chunk(text);
    if (!sent || !chunked_) co_return false;
    std::string end;
    (void)http::append_last_chunk(end, {});
    co_return co_await write(end);
}

Task<bool> Connection::respond(const Request& request, int status, const char* type,
                               std::string_view body) {
    http::HeaderFields fields = {{"Cache-Control", "no-store"}};
    if (!body.empty()) fields.emplace_back("Content-Type", type);
    if (status == 405) fields.emplace_back("Allow", "POST");
    std::string bytes;
    (void)http::append_response_head(bytes, status, http::reason_phrase(status), fields,
                                     {http::BodyKind::kLength, body.size()}, request.keep_alive,
                                     {});
    if (request.method != "HEAD") bytes.append(body);
    co_return co_await write(bytes);
}

// The connection ends with it.
Task<bool> Connection::refuse(int status, std::string_view rule, std::string_view reason) {
    std::string bytes;
    http::append_denial_response(bytes, {status, rule, reason, ""}, false, false);
    co_await write(bytes);
    co_return false;
}

Task<bool> Connection::write(std::string_view bytes) {
    arm(kBodyTime);
    const auto [error, size] = co_await asio::async_write(socket_, asio::buffer(bytes), kAwait);
    // While a call waits for the operator there is no deadline; its own budget ends it.
    deadline_.cancel();
    co_return !error;
}

}  // namespace

Listener::Listener(asio::io_context& io, int descriptor, Service& service)
    : io_(io),
      acceptor_(io.get_executor(), asio::local::stream_protocol(), descriptor),
      service_(service) {}

void Listener::start() {
    accept();
}

void Listener::accept() {
    if (std::exchange(accepting_, true)) return;
    acceptor_.async_accept([this](const boost::system::error_code& error, Socket socket) {
        accepting_ = false;
        if (error == asio::error::operation_aborted) return;
        if (!error) {
            ++open_;
            auto connection = std::make_shared<Connection>(io_, std::move(socket), service_);
            asio::co_spawn(
                io_.get_executor(), [connection] { return connection->run(); },
                [this, connection](const std::exception_ptr& failed) {
                    // Out of memory, or of what a document may hold: that connection ends.
                    if (failed) std::fputs("botbottle-supervise: a request failed\n", stderr);
                    --open_;
                    accept();
                });
        }
        if (open_ < kMaxConnections) accept();
    });
}

}  // namespace botbottle::supervise
