// See worker.h.
#include "egress/worker.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "egress/client_connection.h"

namespace botbottle::egress {

namespace {

void send_without_delay(int socket) {
    const int on = 1;
    // Fails on a Unix socket, which has no delay to begin with.
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// A coroutine that ends by an exception (no memory) ends its connection, not the process.
template <typename Coroutine>
void spawn(Worker& worker, Coroutine coroutine) {
    asio::co_spawn(worker.executor(), std::move(coroutine), asio::detached);
}

}  // namespace

Worker::Worker(Shared& shared, control::Descriptor listener, std::shared_ptr<const Rules> rules)
    : shared_(shared), listener_(io_.get_executor(), listener.release()), rules_(std::move(rules)) {
    pool_.reset(rules_->generation);
    listener_.non_blocking(true);
}

Worker::~Worker() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
}

void Worker::start() {
    spawn(*this, [this] { return accept(); });
    spawn(*this, [this] { return tick(); });
    thread_ = std::thread([this] { io_.run(); });
}

Task<void> Worker::accept() {
    for (;;) {
        const auto [error] =
            co_await listener_.async_wait(asio::posix::descriptor_base::wait_read, kAwait);
        if (error) co_return;
        const int socket =
            ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            Worker& worker = least_loaded();
            worker.connections_.fetch_add(1, std::memory_order_relaxed);
            if (&worker == this)
                admit(control::Descriptor(socket));
            else
                asio::post(worker.io_,
                           [&worker, socket] { worker.admit(control::Descriptor(socket)); });
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            // The waiting connection would wake us at once, again and again.
            Timer pause(executor(), kTick);
            (void)co_await pause.async_wait(kAwait);
        }
    }
}

Worker& Worker::least_loaded() {
    Worker* least = this;
    for (Worker* peer : peers_) {
        if (peer->connections() < least->connections()) least = peer;
    }
    return *least;
}

void Worker::admit(control::Descriptor socket) {
    // Made while the client sends its first bytes: a bottle that never asks for anything starts
    // without them.
    shared_.identity->prefetch();
    shared_.system_roots.prefetch();
    const std::uint64_t open = shared_.stats.connections_open.get();
    if (open >= shared_.max_connections + kMaxTurnedAway) {
        connections_.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    send_without_delay(socket.get());
    shared_.stats.connections_open.add();
    shared_.stats.connections_total.add();
    spawn(*this,
          [this, fd = socket.release(),
           turned_away = open >= shared_.max_connections]() -> Task<void> {
              {
                  ClientConnection connection(*this, control::Descriptor(fd), turned_away);
                  clients_.push_back(connection);
                  co_await connection.run();
              }
              shared_.stats.connections_open.subtract_one();
              connections_.fetch_sub(1, std::memory_order_relaxed);
          });
}

Task<void> Worker::tick() {
    Timer timer(executor());
    for (;;) {
        timer.expires_after(kTick);
        (void)co_await timer.async_wait(kAwait);
        watch();
    }
}

void Worker::watch() {
    now_ = Clock::now();
    for (Stream& stream : streams_) {
        if (stream.is_past(now_)) stream.abort();
    }
    for (Resident& client : clients_)
        client.watch();
    pool_.close_expired(now_);
}

void Worker::set_rules(std::shared_ptr<const Rules> rules) {
    asio::post(io_, [this, rules = std::move(rules)]() mutable {
        rules_ = std::move(rules);
        pool_.reset(rules_->generation);
        for (Resident& client : clients_)
            client.end_if_revoked();
    });
}

void Worker::stop_accepting() {
    asio::post(io_, [this] {
        boost::system::error_code ignored;
        listener_.close(ignored);
        for (Resident& client : clients_)
            client.end_if_idle();
    });
}

Task<bool> Worker::commit_audit() {
    co_await asio::post(executor(), asio::deferred);
    co_return shared_.audit->flush();
}

void Worker::commit_audit_soon() {
    if (audit_commit_posted_) return;
    audit_commit_posted_ = true;
    asio::post(io_, [this] {
        audit_commit_posted_ = false;
        (void)shared_.audit->flush();
    });
}

}  // namespace botbottle::egress
