// Everybody who talks to the warden.
#include "warden/control_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace botbottle::warden {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using control::Connection;
using control::Descriptor;
using control::Json;
using control::Reply;

// Commands, a dashboard, a completion script: a handful. More is a program gone wild.
constexpr std::size_t kMaxConnections = 64;
constexpr auto kAcceptPause = 100ms;

}  // namespace

struct ControlServer::State {
    State(asio::io_context& io_context, RequestHandler requests)
        : io(io_context), handler(std::move(requests)), acceptor(io), pause(io) {}

    struct Peer {
        std::shared_ptr<Connection> connection;
        bool subscribed = false;
        std::function<void()> ended;
    };

    void serve(Descriptor socket, std::function<void()> ended);
    void request(std::uint64_t peer, std::string_view method, Json& params, const Reply& reply);
    void accept();
    void accept_later();

    asio::io_context& io;
    RequestHandler handler;
    asio::local::stream_protocol::acceptor acceptor;
    asio::steady_timer pause;
    std::map<std::uint64_t, Peer> peers;
    std::uint64_t next_peer = 0;
    std::uint64_t asking = 0;  // whose request is being handled
};

void ControlServer::State::serve(Descriptor socket, std::function<void()> ended) {
    const std::uint64_t peer = next_peer++;
    auto connection =
        Connection::open(io, std::move(socket),
                         {[this, peer](std::string_view method, Json& params, const Reply& reply) {
                              request(peer, method, params, reply);
                          },
                          nullptr,
                          [this, peer](const Error&) {
                              const auto gone = peers.extract(peer);
                              if (gone && gone.mapped().ended) gone.mapped().ended();
                          }});
    peers.emplace(peer, Peer{std::move(connection), false, std::move(ended)});
}

void ControlServer::State::request(std::uint64_t peer, std::string_view method, Json& params,
                                   const Reply& reply) {
    asking = peer;
    if (method != "subscribe") return handler(method, params, reply);
    peers.at(peer).subscribed = true;
    reply.result(Json::object());
}

void ControlServer::State::accept() {
    acceptor.async_accept([this](const boost::system::error_code& error,
                                 asio::local::stream_protocol::socket socket) {
        if (error == asio::error::operation_aborted) return;
        if (error) return accept_later();
        if (peers.size() < kMaxConnections && control::peer_may_control(socket.native_handle()))
            serve(Descriptor(socket.release()), nullptr);
        accept();
    });
}

// Out of descriptors or memory: the connection waits in the backlog, and so do we.
void ControlServer::State::accept_later() {
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](const boost::system::error_code& error) {
        if (!error) accept();
    });
}

ControlServer::ControlServer(asio::io_context& io, RequestHandler handler)
    : state_(std::make_unique<State>(io, std::move(handler))) {}

ControlServer::~ControlServer() = default;

void ControlServer::serve(Descriptor socket, std::function<void()> ended) {
    state_->serve(std::move(socket), std::move(ended));
}

void ControlServer::when_this_peer_ends(std::function<void()> ended) {
    state_->peers.at(state_->asking).ended = std::move(ended);
}

void ControlServer::listen(Descriptor listener) {
    state_->acceptor.assign(asio::local::stream_protocol(), listener.release());
    state_->accept();
}

void ControlServer::notify(std::string_view event, const Json& params) {
    for (const auto& [id, peer] : state_->peers)
        if (peer.subscribed) peer.connection->notify(event, params);
}

void ControlServer::close() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    state_->pause.cancel();
    for (const auto& [id, peer] : state_->peers)
        peer.connection->close();
}

}  // namespace botbottle::warden
