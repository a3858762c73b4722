#include "origin.h"

#include <netinet/in.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tls.h"

namespace bench {
namespace {

constexpr std::size_t kBlock = 1 << 20;
constexpr std::size_t kReadSize = 64 * 1024;

std::uint64_t monotonic_ns() {
    timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t number_at(std::string_view& text) {
    std::uint64_t value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value).ptr;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

std::optional<std::string_view> header(std::string_view head, std::string_view name) {
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
        const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        if (line.size() <= name.size() || line[name.size()] != ':' ||
            strncasecmp(line.data(), name.data(), name.size()) != 0)
            continue;
        std::string_view value = line.substr(name.size() + 1);
        while (value.starts_with(' '))
            value.remove_prefix(1);
        return value;
    }
    return std::nullopt;
}

struct Connection {
    Connection(SSL_CTX* context, int socket) : fd(socket), stream(context, socket, nullptr) {}
    ~Connection() {
        close(fd);
        if (timer >= 0) close(timer);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    const int fd;
    Stream stream;
    bool ready = false;  // the handshake is done
    std::string input;   // up to the end of a request's head
    std::uint64_t body_to_read = 0;
    bool body_expected = false;
    std::string output;  // the head, or small things
    std::string_view output_left;
    std::uint64_t filler_left = 0;  // bytes of body still to be made
    std::uint64_t events_left = 0;
    int timer = -1;  // for events
};

class Origin {
  public:
    explicit Origin(const OriginOptions& options)
        : options_(options),
          context_(server_context(options.certificate_file, options.key_file)),
          block_(kBlock, 'x'),
          buffer_(kReadSize) {}

    int run();

  private:
    int listen_on_loopback();
    void add(int fd, std::uint32_t events);
    void accept_all(int listener);
    // False when the connection is over.
    bool advance(Connection& connection);
    bool receive(Connection& connection, bool& progressed);
    bool send(Connection& connection);
    bool take(Connection& connection, std::string_view bytes);
    void respond(Connection& connection, std::string_view head);
    void queue(Connection& connection, std::string_view text);
    void tick(Connection& connection);
    bool tell_event(Connection& connection);

    const OriginOptions options_;
    Context context_;
    const std::string block_;
    std::vector<char> buffer_;
    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    std::map<int, std::unique_ptr<Connection>> connections_;
    std::map<int, int> timers_;  // timer → connection
};

int Origin::listen_on_loopback() {
    // Both families: "localhost" is either.
    const int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int off = 0;
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_any;
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        fail("the origin cannot listen");
    std::printf("%d\n", ntohs(address.sin6_port));
    std::fflush(stdout);
    return listener;
}

void Origin::add(int fd, std::uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

int Origin::run() {
    const int listener = listen_on_loopback();
    add(listener, EPOLLIN);
    add(STDIN_FILENO, EPOLLIN);
    std::array<epoll_event, 64> events;
    for (;;) {
        const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == STDIN_FILENO) return 0;
            if (fd == listener) {
                accept_all(listener);
                continue;
            }
            const auto timer = timers_.find(fd);
            const auto found = connections_.find(timer == timers_.end() ? fd : timer->second);
            if (found == connections_.end()) continue;
            if (timer != timers_.end()) tick(*found->second);
            if (!advance(*found->second)) {
                timers_.erase(found->second->timer);
                connections_.erase(found);
            }
        }
    }
}

void Origin::accept_all(int listener) {
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        set_no_delay(fd);
        connections_[fd] = std::make_unique<Connection>(context_.get(), fd);
        add(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
}

bool Origin::advance(Connection& connection) {
    if (!connection.ready) {
        const Progress progress = connection.stream.handshake();
        if (progress != Progress::done) return progress == Progress::blocked;
        connection.ready = true;
    }
    for (;;) {
        if (!send(connection)) return false;
        bool progressed = false;
        if (!receive(connection, progressed)) return false;
        if (!progressed) return true;
    }
}

bool Origin::receive(Connection& connection, bool& progressed) {
    std::size_t size = 0;
    const Progress progress = connection.stream.read(buffer_.data(), buffer_.size(), size);
    if (progress != Progress::done) return progress == Progress::blocked;
    progressed = true;
    return take(connection, {buffer_.data(), size});
}

bool Origin::take(Connection& connection, std::string_view bytes) {
    if (connection.body_expected) {
        const std::size_t part = std::min<std::uint64_t>(bytes.size(), connection.body_to_read);
        connection.body_to_read -= part;
        bytes.remove_prefix(part);
        if (connection.body_to_read != 0) return true;
        connection.body_expected = false;
        queue(connection,
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok");
    }
    connection.input += bytes;
    const std::size_t end = connection.input.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    const std::string head = connection.input.substr(0, end + 2);
    const std::string rest = connection.input.substr(end + 4);
    connection.input.clear();
    respond(connection, head);
    return rest.empty() || take(connection, rest);
}

void Origin::respond(Connection& connection, std::string_view head) {
    if (!options_.required_header.empty()) {
        const std::size_t colon = options_.required_header.find(':');
        const auto value =
            header(head, std::string_view(options_.required_header).substr(0, colon));
        if (!value || *value != std::string_view(options_.required_header).substr(colon + 2))
            return queue(connection, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    }
    if (head.starts_with("POST ")) {
        std::string_view length = header(head, "content-length").value_or("");
        connection.body_to_read = number_at(length);
        connection.body_expected = true;
        return;
    }
    std::string_view path = head.substr(4);
    if (path.starts_with("/bytes/")) {
        path.remove_prefix(7);
        connection.filler_left = number_at(path);
        return queue(
            connection,
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " +
                std::to_string(connection.filler_left) + "\r\n\r\n");
    }
    if (path.starts_with("/agrees/")) {
        path.remove_prefix(8);
        const std::string word(path.substr(0, path.find(' ')));
        const bool agrees = header(head, "authorization").value_or("") == "Bearer " + word;
        return queue(connection, agrees ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                                        : "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n");
    }
    if (path.starts_with("/events/")) {
        path.remove_prefix(8);
        connection.events_left = number_at(path);
        path.remove_prefix(1);
        const auto interval = static_cast<long>(number_at(path)) * 1000;
        connection.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        const itimerspec spec = {{0, interval}, {0, interval}};
        timerfd_settime(connection.timer, 0, &spec, nullptr);
        timers_[connection.timer] = connection.fd;
        add(connection.timer, EPOLLIN);
        return queue(connection,
                     "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                     "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n");
    }
    queue(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

void Origin::queue(Connection& connection, std::string_view text) {
    connection.output = std::string(connection.output_left).append(text);
    connection.output_left = connection.output;
}

void Origin::tick(Connection& connection) {
    std::uint64_t expirations = 0;
    if (read(connection.timer, &expirations, sizeof expirations) < 0) return;
    if (connection.events_left == 0) return;
    const std::string event = "data: " + std::to_string(monotonic_ns()) + "\n\n";
    std::array<char, 16> size;
    std::snprintf(size.data(), size.size(), "%zx\r\n", event.size());
    std::string text = size.data() + event + "\r\n";
    if (--connection.events_left == 0) {
        text += "0\r\n\r\n";
        timers_.erase(connection.timer);
        close(std::exchange(connection.timer, -1));
    }
    queue(connection, text);
}

bool Origin::send(Connection& connection) {
    Progress progress = connection.stream.write(connection.output_left);
    while (progress == Progress::done && connection.filler_left != 0) {
        std::string_view part = std::string_view(block_).substr(
            0, std::min<std::uint64_t>(block_.size(), connection.filler_left));
        const std::size_t before = part.size();
        progress = connection.stream.write(part);
        connection.filler_left -= before - part.size();
    }
    return progress != Progress::ended;
}

}  // namespace

int run_origin(const OriginOptions& options) {
    return Origin(options).run();
}

}  // namespace bench
