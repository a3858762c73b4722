#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "tls.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kHost = "localhost";
constexpr std::size_t kReadSize = 256 * 1024;

std::uint64_t monotonic_ns() {
    timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(now.tv_nsec);
}

struct Address {
    sockaddr_storage storage = {};
    socklen_t size = 0;
};

Address address_of(const ClientOptions& options) {
    Address address;
    if (options.proxy.starts_with('/')) {
        auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
        local->sun_family = AF_UNIX;
        options.proxy.copy(local->sun_path, sizeof local->sun_path - 1);
        address.size = sizeof *local;
        return address;
    }
    auto* inet = reinterpret_cast<sockaddr_in*>(&address.storage);
    inet->sin_family = AF_INET;
    inet->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::size_t colon = options.proxy.find(':');
    inet->sin_port = htons(static_cast<std::uint16_t>(
        options.proxy.empty() ? options.origin_port : std::stoi(options.proxy.substr(colon + 1))));
    address.size = sizeof *inet;
    return address;
}

// One response: its head, then as much body as Content-Length says, or events up to the last chunk.
class Response {
  public:
    // Takes bytes; true when the response is complete.
    bool take(std::string_view bytes, Measurement& measured, const ClientOptions& options) {
        const bool events = options.events;
        if (!body_begun_) {
            head_ += bytes;
            const std::size_t end = head_.find("\r\n\r\n");
            if (end == std::string::npos) return false;
            const bool denied = options.denials && head_.starts_with("HTTP/1.1 403");
            if (!denied && !head_.starts_with("HTTP/1.1 200"))
                fail("not what was asked for: " + head_);
            if (denied) ++measured.denials;
            begin_body(events);
            const std::string rest = head_.substr(end + 4);
            return events ? take_events(rest, measured) : count(rest.size(), measured);
        }
        return events ? take_events(bytes, measured) : count(bytes.size(), measured);
    }

  private:
    void begin_body(bool events) {
        body_begun_ = true;
        if (events) return;
        std::size_t at = head_.find("Content-Length: ");
        if (at == std::string::npos) at = head_.find("content-length: ");
        if (at == std::string::npos) fail("a response without a length: " + head_);
        std::from_chars(head_.data() + at + 16, head_.data() + head_.size(), left_);
    }

    bool count(std::size_t size, Measurement& measured) {
        if (size > left_) fail("a response longer than it said");
        left_ -= size;
        measured.bytes += size;
        return left_ == 0;
    }

    bool take_events(std::string_view bytes, Measurement& measured) {
        const std::uint64_t now = monotonic_ns();
        text_ += bytes;
        constexpr std::string_view kData = "data: ";
        for (std::size_t at; (at = text_.find(kData)) != std::string::npos;) {
            const std::size_t end = text_.find('\n', at);
            if (end == std::string::npos) break;
            std::uint64_t sent = 0;
            std::from_chars(text_.data() + at + kData.size(), text_.data() + end, sent);
            measured.delays_ns.push_back(now - sent);
            text_.erase(0, end + 1);
        }
        return text_.ends_with("\r\n0\r\n\r\n");
    }

    std::string head_;
    bool body_begun_ = false;
    std::uint64_t left_ = 0;
    std::string text_;
};

class Client {
  public:
    Client(const ClientOptions& options, const Address& address, SSL_CTX* context, int epoll)
        : options_(options), address_(address), context_(context), epoll_(epoll) {
        const std::string authority =
            std::string(kHost) + ':' + std::to_string(options.origin_port);
        connect_request_ = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
        for (const std::string& path : options.paths)
            requests_.push_back(request(path, authority));
        open();
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Goes as far as it can. The number of responses that were completed.
    std::uint64_t advance(Measurement& measured, std::vector<char>& buffer) {
        std::uint64_t completed = 0;
        for (;;) {
            const Progress progress = step(measured, buffer);
            if (progress == Progress::blocked) return completed;
            if (progress == Progress::ended) fail("the connection ended in " + name_of(step_));
            if (step_ != Step::finished) continue;
            ++completed;
            if (options_.events) return completed;
            if (options_.reconnect) {
                ::close(fd_);
                open();
                return completed;  // the others take their turn
            }
            begin_request();
        }
    }

  private:
    enum class Step { connecting, asking, waiting, handshaking, sending, receiving, finished };

    static std::string name_of(Step step) {
        constexpr std::array kNames = {"connecting",    "CONNECT", "the answer to CONNECT",
                                       "the handshake", "sending", "receiving",
                                       "nothing"};
        return kNames[static_cast<std::size_t>(step)];
    }

    std::string request(const std::string& path, const std::string& authority) const {
        const std::string head = options_.method + ' ' + path + " HTTP/1.1\r\nHost: " + authority +
                                 "\r\nUser-Agent: bench-load\r\nAccept: */*\r\n"
                                 "Authorization: " +
                                 options_.authorization + "\r\n";
        if (options_.body == 0) return head + "\r\n";
        return head + "Content-Type: application/json\r\nContent-Length: " +
               std::to_string(options_.body) + "\r\n\r\n" + body(options_.body);
    }

    // What a model's API is sent: JSON with prose in it.
    static std::string body(std::uint64_t size) {
        std::string text = "{\"messages\":[{\"role\":\"user\",\"content\":\"";
        while (text.size() + 4 < size)
            text += "The quick brown fox jumps over the lazy dog. ";
        text.resize(size - 4);
        return text + "\"}]}";
    }

    void open() {
        fd_ = socket(address_.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(fd_, reinterpret_cast<const sockaddr*>(&address_.storage), address_.size) !=
                0 &&
            errno != EINPROGRESS)
            fail(std::string("cannot connect: ") + std::strerror(errno));
        set_no_delay(fd_);
        epoll_event event = {};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        event.data.ptr = this;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
        stream_.reset();
        step_ = Step::connecting;
    }

    void begin_request() {
        left_ = requests_[next_++ % requests_.size()];
        response_ = Response();
        step_ = Step::sending;
    }

    Progress step(Measurement& measured, std::vector<char>& buffer) {
        switch (step_) {
            case Step::connecting:
                return finish_connecting();
            case Step::asking:
                return ask();
            case Step::waiting:
                return wait(buffer);
            case Step::handshaking: {
                const Progress progress = stream_->handshake();
                if (progress == Progress::done) begin_request();
                return progress;
            }
            case Step::sending: {
                const Progress progress = stream_->write(left_);
                if (progress == Progress::done) step_ = Step::receiving;
                return progress;
            }
            case Step::receiving: {
                std::size_t size = 0;
                const Progress progress = stream_->read(buffer.data(), buffer.size(), size);
                if (progress == Progress::done &&
                    response_.take({buffer.data(), size}, measured, options_))
                    step_ = Step::finished;
                return progress;
            }
            case Step::finished:
                return Progress::blocked;
        }
        return Progress::ended;
    }

    Progress finish_connecting() {
        sockaddr_storage peer;
        socklen_t size = sizeof peer;
        if (getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &size) != 0)
            return errno == ENOTCONN && error() == 0 ? Progress::blocked : Progress::ended;
        if (options_.proxy.empty()) return begin_tls();
        left_ = connect_request_;
        step_ = Step::asking;
        return Progress::done;
    }

    int error() const {
        int value = 0;
        socklen_t size = sizeof value;
        getsockopt(fd_, SOL_SOCKET, SO_ERROR, &value, &size);
        return value;
    }

    Progress ask() {
        const ssize_t size = send(fd_, left_.data(), left_.size(), MSG_NOSIGNAL);
        if (size != static_cast<ssize_t>(left_.size())) return Progress::ended;
        answer_.clear();
        step_ = Step::waiting;
        return Progress::done;
    }

    Progress wait(std::vector<char>& buffer) {
        const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EAGAIN) return Progress::blocked;
        if (size <= 0) return Progress::ended;
        answer_.append(buffer.data(), static_cast<std::size_t>(size));
        if (!answer_.ends_with("\r\n\r\n")) return Progress::done;
        if (answer_.find(" 200 ") == std::string::npos) fail("CONNECT was refused: " + answer_);
        return begin_tls();
    }

    Progress begin_tls() {
        stream_.emplace(context_, fd_, kHost);
        step_ = Step::handshaking;
        return Progress::done;
    }

    const ClientOptions& options_;
    const Address& address_;
    SSL_CTX* context_;
    const int epoll_;
    std::string connect_request_;
    std::vector<std::string> requests_;
    std::size_t next_ = 0;
    int fd_ = -1;
    Step step_ = Step::connecting;
    std::optional<Stream> stream_;
    std::string_view left_;
    std::string answer_;
    Response response_;
};

}  // namespace

Measurement run_client(const ClientOptions& options) {
    const Context context = client_context(options.authority);
    const Address address = address_of(options);
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    Measurement measured;
    std::vector<char> buffer(kReadSize);
    std::vector<std::unique_ptr<Client>> clients;
    for (unsigned i = 0; i < options.connections; ++i)
        clients.push_back(std::make_unique<Client>(options, address, context.get(), epoll));

    const auto begun = Clock::now();
    auto counted_from = begun + options.warm_up;
    bool warm = false;
    std::array<epoll_event, 64> events;
    for (;;) {
        const int count = epoll_wait(epoll, events.data(), events.size(), 10'000);
        if (count == 0) fail("nothing happened for 10 s");
        std::uint64_t completed = 0;
        for (int i = 0; i < count; ++i)
            completed += static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr)
                             ->advance(measured, buffer);
        measured.responses += completed;
        if (completed == 0) continue;
        const auto now = Clock::now();
        if (options.events) break;
        // Counting begins and ends with a completed response, so that no part of one is counted.
        if (!warm && now >= counted_from) {
            warm = true;
            counted_from = now;
            measured.warm_up_responses = std::exchange(measured.responses, 0);
            measured.warm_up_bytes = std::exchange(measured.bytes, 0);
        } else if (warm && now >= counted_from + options.duration) {
            measured.seconds = std::chrono::duration<double>(now - counted_from).count();
            break;
        }
    }
    ::close(epoll);
    return measured;
}

}  // namespace bench
