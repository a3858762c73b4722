#include "demo/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace botbottle::demo {
namespace {

constexpr std::size_t kLongestHead = 64 * 1024;

// Reads one request's head and drops its body. `receive(buffer, size)` is recv or SSL_read.
template <typename Receive>
std::optional<Request> read_request(std::string& received, const Receive& receive) {
    char buffer[8192];
    std::size_t end = 0;
    while ((end = received.find("\r\n\r\n")) == std::string::npos) {
        const auto count = receive(buffer, sizeof buffer);
        if (count <= 0 || received.size() > kLongestHead) return std::nullopt;
        received.append(buffer, static_cast<std::size_t>(count));
    }
    auto request = parse_request(std::string_view(received).substr(0, end + 4));
    received.erase(0, end + 4);
    for (std::size_t body = request ? request->content_length() : 0; body > 0;) {
        if (received.empty()) {
            const auto count = receive(buffer, sizeof buffer);
            if (count <= 0) return std::nullopt;
            received.append(buffer, static_cast<std::size_t>(count));
        }
        const std::size_t part = std::min(body, received.size());
        received.erase(0, part);
        body -= part;
    }
    return request;
}

void serve_site(int fd, const Site& site) {
    const tls::SslPtr ssl = site.connection(fd);
    if (!ssl || SSL_accept(ssl.get()) != 1) return;
    std::string received;
    const auto receive = [&ssl](char* buffer, std::size_t size) {
        return SSL_read(ssl.get(), buffer, static_cast<int>(size));
    };
    while (const auto request = read_request(received, receive)) {
        const std::string answer = site.answer(*request);
        if (SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size())) <= 0) return;
    }
    SSL_shutdown(ssl.get());
}

void send_text(int fd, const std::string& text) {
    (void)send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

void serve_proxy(int fd, const Site& site) {
    std::string received;
    const auto receive = [fd](char* buffer, std::size_t size) { return recv(fd, buffer, size, 0); };
    const auto request = read_request(received, receive);
    if (!request) return;
    if (request->method != "CONNECT" || request->target != site.host() + ":443") {
        send_text(fd, response(502, "Bad Gateway", "{\"error\": \"no such host here\"}\n"));
        return;
    }
    send_text(fd, "HTTP/1.1 200 Connection established\r\n\r\n");
    serve_site(fd, site);
}

}  // namespace

void serve(int fd, const Site& site) {
    serve_proxy(fd, site);
    close(fd);
}

}  // namespace botbottle::demo
