// What a bottle must be able to do: without these, "everything is blocked" would prove nothing.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/attempts.h"

namespace botbottle::probe {
namespace {

Finding works(std::string detail) {
    return {Outcome::kWorks, std::move(detail)};
}
Finding broken(std::string detail) {
    return {Outcome::kBroken, std::move(detail)};
}

// Sends `request` to the relay's proxy port; the answer up to 8 KiB, or "" with `why`.
std::string ask_proxy(const Targets& targets, const std::string& request, std::string& why) {
    const auto proxy = parse_endpoint(targets.one("proxy", "127.0.0.1:9099"));
    if (!proxy) return why = "the proxy is not an endpoint", "";
    const int fd = socket(proxy->family(), SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, proxy->get(), proxy->size) != 0)
        return why = with_errno("connect to the proxy"), "";
    if (send(fd, request.data(), request.size(), 0) < 0) return why = with_errno("send"), "";
    std::string answer;
    char buffer[2048];
    struct pollfd ready = {fd, POLLIN, 0};
    while (answer.size() < 8192 && poll(&ready, 1, 3000) > 0) {
        const ssize_t count = recv(fd, buffer, sizeof buffer, 0);
        if (count <= 0) break;
        answer.append(buffer, static_cast<std::size_t>(count));
        // The one denial document is all that we look for, and the connection may stay open.
        if (answer.find("\r\n\r\n") != std::string::npos && answer.find('}') != std::string::npos)
            break;
        if (answer.find("200") != std::string::npos && answer.find("\r\n\r\n") != std::string::npos)
            break;
    }
    if (answer.empty()) why = "the proxy did not answer";
    return answer;
}

std::string first_line(const std::string& answer) {
    return answer.substr(0, answer.find('\r'));
}

Finding proxy_is_healthy(const Targets& targets) {
    std::string why;
    const std::string answer = ask_proxy(targets,
                                         "GET http://_egress.local/healthz HTTP/1.1\r\n"
                                         "Host: _egress.local\r\nConnection: close\r\n\r\n",
                                         why);
    if (answer.empty()) return broken(why);
    return answer.compare(0, 12, "HTTP/1.1 200") == 0 ? works(first_line(answer))
                                                      : broken(first_line(answer));
}

Finding unlisted_is_denied(const Targets& targets) {
    const std::string host = targets.one("unlisted", "unlisted.example");
    std::string why;
    const std::string answer = ask_proxy(
        targets, "CONNECT " + host + ":443 HTTP/1.1\r\nHost: " + host + ":443\r\n\r\n", why);
    if (answer.empty()) return broken(why);
    const bool denied = answer.compare(0, 12, "HTTP/1.1 403") == 0 &&
                        answer.find("\"denied\"") != std::string::npos;
    return denied ? works(first_line(answer) + ", with a reason") : broken(first_line(answer));
}

Finding can_write_own_files() {
    for (const char* path : {"botbottle-probe-file", "/tmp/botbottle-probe-file"}) {
        const int fd = open(path, O_WRONLY | O_CREAT, 0600);
        if (fd < 0) return broken(with_errno(path));
        unlink(path);
    }
    return works("the workspace and /tmp can be written");
}

}  // namespace

const std::vector<Attempt>& controls() {
    static const std::vector<Attempt> kAttempts = {
        {"control-proxy", "egress", "the egress answers through the relay", "", proxy_is_healthy},
        {"control-denial", "egress", "a host that no route names is refused, with the reason", "",
         unlisted_is_denied},
        {"control-files", "files", "the workspace and /tmp can be written", "",
         [](const Targets&) { return can_write_own_files(); }},
    };
    return kAttempts;
}

}  // namespace botbottle::probe
