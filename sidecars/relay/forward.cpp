// One connection is two directions, each with a pipe between its two sockets. A direction reads
// only when its pipe is empty, so a slow reader stops the writer at the other end and nothing piles
// up.
#include "relay/forward.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace botbottle::relay {
namespace {

using control::Descriptor;

// Per event, so that one busy connection does not keep the others waiting.
constexpr int kMovesPerEvent = 4;
constexpr int kAcceptsPerEvent = 16;
constexpr std::size_t kMoveSize = 64 * 1024;

class Direction {
  public:
    static std::optional<Direction> open(int from, int to) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
        return Direction(from, to, Descriptor(ends[0]), Descriptor(ends[1]));
    }

    // Moves what can be moved. False when a socket is broken.
    bool pump() {
        for (int i = 0; i < kMovesPerEvent && !done_; ++i) {
            if (pending_ == 0 && !fill()) return errno == EAGAIN;
            if (ended_ && pending_ == 0) {
                done_ = true;
                return shutdown(to_, SHUT_WR) == 0;
            }
            if (!drain()) return errno == EAGAIN;
        }
        return true;
    }

    bool done() const { return done_; }
    bool wants_input() const { return !done_ && pending_ == 0; }
    bool wants_output() const { return !done_ && pending_ != 0; }

  private:
    Direction(int from, int to, Descriptor output, Descriptor input)
        : from_(from), to_(to), output_(std::move(output)), input_(std::move(input)) {}

    bool fill() {
        const ssize_t moved = splice(from_, nullptr, input_.get(), nullptr, kMoveSize,
                                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (moved < 0) return false;
        ended_ = moved == 0;
        pending_ = static_cast<std::size_t>(moved);
        return true;
    }

    bool drain() {
        while (pending_ != 0) {
            const ssize_t moved = splice(output_.get(), nullptr, to_, nullptr, pending_,
                                         SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
            if (moved <= 0) return false;
            pending_ -= static_cast<std::size_t>(moved);
        }
        return true;
    }

    int from_;
    int to_;
    Descriptor output_;  // of the pipe
    Descriptor input_;
    std::size_t pending_ = 0;  // bytes in the pipe
    bool ended_ = false;       // nothing more comes from `from_`
    bool done_ = false;        // and `to_` has been told
};

}  // namespace

class Forwarder::Connection final : public Watcher {
  public:
    static std::unique_ptr<Connection> open(Forwarder& owner, Descriptor client,
                                            const sockaddr_un& target) {
        Descriptor sidecar(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!sidecar) return nullptr;
        const auto* address = reinterpret_cast<const sockaddr*>(&target);
        if (connect(sidecar.get(), address, sizeof target) != 0) return nullptr;
        auto up = Direction::open(client.get(), sidecar.get());
        auto down = Direction::open(sidecar.get(), client.get());
        if (!up || !down) return nullptr;
        return std::unique_ptr<Connection>(new Connection(
            owner, std::move(client), std::move(sidecar), std::move(*up), std::move(*down)));
    }

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        owner_.loop_.forget(client_.get());
        owner_.loop_.forget(sidecar_.get());
    }

    void start() { watch(); }

    void ready(int, std::uint32_t events) override {
        const bool broken = (events & EPOLLERR) != 0;
        if (broken || !up_.pump() || !down_.pump() || (up_.done() && down_.done())) {
            owner_.finished(this);  // deletes this
            return;
        }
        watch();
    }

  private:
    Connection(Forwarder& owner, Descriptor client, Descriptor sidecar, Direction up,
               Direction down)
        : owner_(owner),
          client_(std::move(client)),
          sidecar_(std::move(sidecar)),
          up_(std::move(up)),
          down_(std::move(down)) {}

    static std::uint32_t interest(const Direction& from_here, const Direction& to_here) {
        return (from_here.wants_input() ? static_cast<std::uint32_t>(EPOLLIN) : 0u) |
               (to_here.wants_output() ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
    }

    void watch() {
        owner_.loop_.watch(client_.get(), interest(up_, down_), this);
        owner_.loop_.watch(sidecar_.get(), interest(down_, up_), this);
    }

    Forwarder& owner_;
    Descriptor client_;
    Descriptor sidecar_;
    Direction up_;
    Direction down_;
};

Forwarder::Forwarder(Loop& loop, std::size_t capacity) : loop_(loop), capacity_(capacity) {}

Forwarder::~Forwarder() = default;

Result<void> Forwarder::listen(std::uint16_t port, std::string_view socket_path) {
    const auto refused = [&](const char* what) {
        return failure("cannot_listen",
                       "port " + std::to_string(port) + ": " + what + ": " + std::strerror(errno));
    };
    Listener listener = {};
    listener.target.sun_family = AF_UNIX;
    if (socket_path.empty() || socket_path.size() >= sizeof listener.target.sun_path) {
        errno = ENAMETOOLONG;
        return refused("socket path");
    }
    std::memcpy(listener.target.sun_path, socket_path.data(), socket_path.size());
    if (socket_path.front() == '@') listener.target.sun_path[0] = '\0';  // a name without a file

    listener.socket.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener.socket) return refused("socket");
    const int fd = listener.socket.get();
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return refused("bind");
    if (::listen(fd, SOMAXCONN) != 0) return refused("listen");
    loop_.watch(fd, EPOLLIN, this);
    listeners_.push_back(std::move(listener));
    return {};
}

void Forwarder::ready(int fd, std::uint32_t) {
    for (const Listener& listener : listeners_) {
        if (listener.socket.get() == fd) return accept_some(listener);
    }
}

void Forwarder::accept_some(const Listener& listener) {
    for (int i = 0; i < kAcceptsPerEvent; ++i) {
        if (connections_.size() >= capacity_) return watch_listeners(false);
        Descriptor client(
            accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!client) {
            // Out of descriptors although below capacity: wait for a connection to end.
            const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS;
            if (exhausted && !connections_.empty()) watch_listeners(false);
            return;
        }
        auto connection = Connection::open(*this, std::move(client), listener.target);
        if (connection == nullptr) continue;  // the sidecar is down: the client sees it at once
        Connection* const started = connection.get();
        connections_.emplace(started, std::move(connection));
        started->start();
    }
}

void Forwarder::watch_listeners(bool accepting) {
    for (const Listener& listener : listeners_) {
        loop_.watch(listener.socket.get(), accepting ? static_cast<std::uint32_t>(EPOLLIN) : 0u,
                    this);
    }
}

void Forwarder::finished(const Connection* connection) {
    connections_.erase(connection);
    watch_listeners(true);
}

}  // namespace botbottle::relay
