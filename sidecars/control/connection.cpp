// One end of a control connection.
#include "control/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/secret.h"
#include "control/line_buffer.h"

namespace botbottle::control {
namespace {

namespace asio = boost::asio;

// A peer that goes beyond these is broken; both are far above what any client does.
constexpr std::size_t kMaxUnanswered = 256;
constexpr std::size_t kMaxQueued = 2 * kMaxLine;
// Documents of this protocol are five levels deep; some functions over them recurse.
constexpr int kMaxDepth = 64;

// The JSON library keeps pieces of the text in buffers on the stack. This is called right after it
// from the same depth, so that it covers the frames that were there.
[[gnu::noinline]] void wipe_stack() {
    char used[16 * 1024];
    wipe_memory(used, sizeof used);
}

[[gnu::noinline]] Json parse_on_stack(std::string_view line) {
    bool too_deep = false;
    const auto watch_depth = [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > kMaxDepth;
        return !too_deep;
    };
    Json document = Json::parse(line.begin(), line.end(), watch_depth, false);
    return too_deep ? Json(Json::value_t::discarded) : document;
}

// A document, or a discarded value. What was wrong with it is not said: the text may hold a secret.
Json parse(std::string_view line) {
    Json document = parse_on_stack(line);
    wipe_stack();
    return document;
}

// Bytes that are not UTF-8 (a path, a message of the system) must not end the conversation.
[[gnu::noinline]] std::string dump_on_stack(const Json& message) {
    return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string serialize(const Json& message) {
    std::string text = dump_on_stack(message);
    wipe_stack();
    text += '\n';
    return text;
}

Json to_json(const Error& error) {
    return {{"code", error.code}, {"message", error.message}, {"hint", error.hint}};
}

Error to_error(const Json& json) {
    const auto text = [&](const char* name) {
        const auto found = json.find(name);
        return found != json.end() && found->is_string() ? found->get<std::string>()
                                                         : std::string();
    };
    Error error{text("code"), text("message"), text("hint")};
    if (error.code.empty()) error.code = "unknown";
    return error;
}

Error closed() {
    return {"closed", "the control connection was closed", {}};
}

}  // namespace

struct Connection::State {
    State(asio::io_context& io_context, Descriptor descriptor, Callbacks functions)
        : io(io_context),
          socket(io, asio::local::stream_protocol(), descriptor.release()),
          callbacks(std::move(functions)) {}

    struct Slot {
        std::uint64_t id;
        std::optional<std::string> text;  // absent until answered
    };

    asio::io_context& io;
    asio::local::stream_protocol::socket socket;
    Callbacks callbacks;
    LineBuffer input;
    std::deque<std::string> output;
    std::size_t queued = 0;
    bool closing = false;
    bool ended = false;
    // Answers go out in the order of the requests, whatever the order in which they become known.
    std::deque<Slot> unanswered;
    std::uint64_t first_slot = 0;
    std::map<std::uint64_t, std::function<void(Result<Json>)>> calls;
    std::uint64_t next_call = 1;
};

struct Reply::Request {
    Request(std::weak_ptr<Connection> from, std::uint64_t number)
        : connection(std::move(from)), slot(number) {}
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    // NOLINTNEXTLINE(bugprone-exception-escape): out of memory ends the process, here as anywhere
    ~Request() {
        if (const auto asker = take())
            asker->answer_error(slot,
                                {"internal", "the request was dropped without an answer", {}});
    }

    // The connection, to the first who asks for it.
    std::shared_ptr<Connection> take() { return std::exchange(connection, {}).lock(); }

    std::weak_ptr<Connection> connection;
    const std::uint64_t slot;
};

Reply::Reply(std::weak_ptr<Connection> connection, std::uint64_t slot)
    : request_(std::make_shared<Request>(std::move(connection), slot)) {}

void Reply::result(const Json& value) const {
    if (const auto asker = request_->take()) asker->answer_result(request_->slot, value);
}

void Reply::error(const Error& error) const {
    if (const auto asker = request_->take()) asker->answer_error(request_->slot, error);
}

std::shared_ptr<Connection> Connection::open(asio::io_context& io, Descriptor socket,
                                             Callbacks callbacks) {
    std::shared_ptr<Connection> connection(
        new Connection(io, std::move(socket), std::move(callbacks)));
    connection->read();
    return connection;
}

Connection::Connection(asio::io_context& io, Descriptor socket, Callbacks callbacks)
    : state_(std::make_unique<State>(io, std::move(socket), std::move(callbacks))) {}

Connection::~Connection() {
    for (std::string& text : state_->output)
        wipe_memory(text.data(), text.size());
}

int Connection::native_handle() const {
    return state_->socket.native_handle();
}

void Connection::call(std::string_view method, const Json& params,
                      std::function<void(Result<Json>)> done) {
    if (state_->ended || state_->closing) {
        asio::post(state_->io, [done = std::move(done)] { done(tl::make_unexpected(closed())); });
        return;
    }
    const std::uint64_t id = state_->next_call++;
    state_->calls.emplace(id, std::move(done));
    send(serialize({{"id", id}, {"method", method}, {"params", params}}));
}

void Connection::notify(std::string_view event, const Json& params) {
    send(serialize({{"event", event}, {"params", params}}));
}

void Connection::close() {
    if (state_->ended || state_->closing) return;
    state_->closing = true;
    end_calls();
    if (state_->output.empty()) end(closed());
}

void Connection::read() {
    const std::span<char> room = state_->input.prepare();
    state_->socket.async_read_some(asio::buffer(room.data(), room.size()), [self =
                                                                                shared_from_this()](
                                                                               const boost::system::
                                                                                   error_code&
                                                                                       error,
                                                                               std::size_t size) {
        State& state = *self->state_;
        if (state.ended) return;
        if (error == asio::error::eof || error == asio::error::connection_reset)
            return self->end(closed());
        if (error) return self->end({"io", error.message(), {}});
        state.input.commit(size);
        while (const auto line = state.input.next()) {
            if (!self->receive(*line))
                return self->end({"protocol", "the peer sent a line that is not a message", {}});
            if (state.ended) return;
        }
        if (state.input.overflowed())
            return self->end({"protocol", "the peer sent a line of more than 8 MiB", {}});
        self->read();
    });
}

// False when no conversation is possible with a peer that sends this.
bool Connection::receive(std::string_view line) {
    Json message = parse(line);
    if (!message.is_object()) return false;
    const auto id = message.find("id");
    if (id == message.end()) {
        const auto event = message.find("event");
        if (event == message.end() || !event->is_string()) return false;
        const auto params = message.find("params");
        if (state_->callbacks.on_event && !state_->closing)
            state_->callbacks.on_event(event->get_ref<const std::string&>(),
                                       params == message.end() ? Json::object() : *params);
        return true;
    }
    if (!id->is_number_unsigned()) return false;
    if (message.contains("method"))
        receive_request(id->get<std::uint64_t>(), message);
    else
        receive_answer(id->get<std::uint64_t>(), message);
    return true;
}

void Connection::receive_request(std::uint64_t id, Json& message) {
    if (state_->unanswered.size() == kMaxUnanswered)
        return end({"protocol", "the peer asks without waiting for answers", {}});
    const std::uint64_t slot = state_->first_slot + state_->unanswered.size();
    state_->unanswered.push_back({id, std::nullopt});
    const Json& method = message["method"];
    Json& params = message["params"];
    if (params.is_null()) params = Json::object();
    if (!method.is_string() || !params.is_object())
        return answer_error(slot, {"bad_request", "method is a string and params an object", {}});
    if (!state_->callbacks.on_request || state_->closing)
        return answer_error(slot, {"unknown_method", "nothing can be asked here", {}});
    try {
        state_->callbacks.on_request(method.get_ref<const std::string&>(), params,
                                     Reply(weak_from_this(), slot));
    } catch (const Json::exception&) {
        // The reply went with the stack, so the peer has its answer; what() may quote a value.
    }
}

void Connection::receive_answer(std::uint64_t id, Json& message) {
    const auto found = state_->calls.find(id);
    if (found == state_->calls.end()) return;
    const auto done = std::move(found->second);
    state_->calls.erase(found);
    const auto error = message.find("error");
    if (error != message.end())
        done(tl::make_unexpected(error->is_object() ? to_error(*error) : Error{"unknown", {}, {}}));
    else
        done(std::move(message["result"]));
}

void Connection::answer_result(std::uint64_t slot, const Json& value) {
    if (state_->ended) return;
    const std::uint64_t id = state_->unanswered[slot - state_->first_slot].id;
    answer(slot, serialize({{"id", id}, {"result", value}}));
}

void Connection::answer_error(std::uint64_t slot, const Error& error) {
    if (state_->ended) return;
    const std::uint64_t id = state_->unanswered[slot - state_->first_slot].id;
    answer(slot, serialize({{"id", id}, {"error", to_json(error)}}));
}

void Connection::answer(std::uint64_t slot, std::string text) {
    state_->unanswered[slot - state_->first_slot].text = std::move(text);
    while (!state_->unanswered.empty() && state_->unanswered.front().text) {
        std::string ready = *std::move(state_->unanswered.front().text);
        state_->unanswered.pop_front();
        ++state_->first_slot;
        send(std::move(ready));
    }
}

void Connection::send(std::string text) {
    if (state_->ended || state_->closing) return;
    if (state_->queued + text.size() > kMaxQueued && !state_->output.empty())
        return asio::post(state_->io, [self = shared_from_this()] {
            self->end({"protocol", "the peer does not read its answers", {}});
        });
    state_->queued += text.size();
    state_->output.push_back(std::move(text));
    if (state_->output.size() == 1) write();
}

void Connection::write() {
    asio::async_write(
        state_->socket, asio::buffer(state_->output.front()),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
            State& state = *self->state_;
            if (state.ended) return;
            if (error) return self->end({"io", error.message(), {}});
            std::string& sent = state.output.front();
            state.queued -= sent.size();
            wipe_memory(sent.data(), sent.size());
            state.output.pop_front();
            if (!state.output.empty())
                self->write();
            else if (state.closing)
                self->end(closed());
        });
}

void Connection::end(const Error& reason) {
    if (state_->ended) return;
    state_->ended = true;
    boost::system::error_code ignored;
    state_->socket.close(ignored);
    // The callbacks go, since they may own this connection; but later, since one may be running.
    const auto callbacks = std::make_shared<Callbacks>(std::exchange(state_->callbacks, {}));
    asio::post(state_->io, [callbacks] {});
    state_->unanswered.clear();
    end_calls();
    if (callbacks->on_closed && !state_->closing) callbacks->on_closed(reason);
}

void Connection::end_calls() {
    for (const auto& [id, done] : std::exchange(state_->calls, {}))
        done(tl::make_unexpected(closed()));
}

}  // namespace botbottle::control
