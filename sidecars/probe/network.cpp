// Ways out over IP. A send that the kernel takes counts as an escape, whether or not anything
// answers: in a bottle there must be no route at all.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "probe/attempts.h"

namespace botbottle::probe {
namespace {

constexpr int kConnectMs = 1500;

Finding tcp(const std::string& where) {
    const auto endpoint = parse_endpoint(where);
    if (!endpoint) return skipped("not an endpoint: " + where);
    const int fd = socket(endpoint->family(), SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) return blocked(with_errno("socket"));
    const std::string what = "connect " + where;
    if (connect(fd, endpoint->get(), endpoint->size) == 0) return escaped(what + " succeeded");
    if (errno != EINPROGRESS) return blocked(with_errno(what));
    struct pollfd ready = {fd, POLLOUT, 0};
    if (poll(&ready, 1, kConnectMs) == 0) return escaped(what + ": there is a route, the SYN left");
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0 ? escaped(what + " succeeded") : blocked(with_errno(what));
}

Finding any_escape(const std::vector<std::string>& endpoints,
                   Finding (*attempt)(const std::string&)) {
    Finding last = skipped("nothing to try");
    for (const std::string& endpoint : endpoints) {
        last = attempt(endpoint);
        if (last.outcome == Outcome::kEscaped) return last;
    }
    return last;
}

Finding udp_leaves(const std::string& where) {
    const auto endpoint = parse_endpoint(where);
    if (!endpoint) return skipped("not an endpoint: " + where);
    const int fd = socket(endpoint->family(), SOCK_DGRAM, 0);
    if (fd < 0) return blocked(with_errno("socket"));
    return must_fail("send a datagram to " + where,
                     sendto(fd, "x", 1, 0, endpoint->get(), endpoint->size));
}

// The bottle has a loopback of its own, which takes the datagram: only an echo proves a way out.
Finding udp_echo(const std::string& where) {
    const auto endpoint = parse_endpoint(where);
    if (!endpoint) return skipped("not an endpoint: " + where);
    const int fd = socket(endpoint->family(), SOCK_DGRAM, 0);
    if (fd < 0) return blocked(with_errno("socket"));
    if (connect(fd, endpoint->get(), endpoint->size) != 0) return blocked(with_errno("connect"));
    if (send(fd, "echo", 4, 0) < 0) return blocked(with_errno("send to " + where));
    struct pollfd ready = {fd, POLLIN, 0};
    if (poll(&ready, 1, kConnectMs) == 0) return blocked(where + " did not echo");
    char answer[16];
    return must_fail("echo from " + where, recv(fd, answer, sizeof answer, 0));
}

Finding icmp() {
    const auto endpoint = parse_endpoint("1.1.1.1:1");
    std::string tried;
    for (const int type : {SOCK_DGRAM, SOCK_RAW}) {
        const int fd = socket(AF_INET, type, IPPROTO_ICMP);
        if (fd < 0) {
            tried = with_errno("socket");
            continue;
        }
        struct icmphdr echo = {};
        echo.type = ICMP_ECHO;
        if (sendto(fd, &echo, sizeof echo, 0, endpoint->get(), endpoint->size) >= 0)
            return escaped("an echo request to 1.1.1.1 left");
        tried = with_errno("send an echo request");
    }
    return blocked(tried);
}

std::vector<std::string> name_servers() {
    // Also the usual ones, whatever the bottle's own file says.
    std::vector<std::string> servers = {"1.1.1.1:53", "8.8.8.8:53", "127.0.0.53:53"};
    std::ifstream file("/etc/resolv.conf");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string key, value;
        if (words >> key >> value && key == "nameserver")
            servers.push_back((value.find(':') == std::string::npos ? value : "[" + value + "]") +
                              ":53");
    }
    return servers;
}

Finding dns_query(const std::string& server) {
    // A question for example.com A, by hand.
    static const unsigned char kQuery[] =
        "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        "\x07"
        "example\x03"
        "com\x00\x00\x01\x00\x01";
    const auto endpoint = parse_endpoint(server);
    if (!endpoint) return skipped("not an endpoint: " + server);
    const int fd = socket(endpoint->family(), SOCK_DGRAM, 0);
    if (fd < 0) return blocked(with_errno("socket"));
    if (connect(fd, endpoint->get(), endpoint->size) != 0)
        return blocked(with_errno("route to " + server));
    if (send(fd, kQuery, sizeof kQuery - 1, 0) < 0) return blocked(with_errno("query " + server));
    if (server.compare(0, 4, "127.") != 0) return escaped("a query to " + server + " left");
    struct pollfd ready = {fd, POLLIN, 0};
    if (poll(&ready, 1, kConnectMs) == 0) return blocked(server + " did not answer");
    char answer[512];
    return must_fail("answer from " + server, recv(fd, answer, sizeof answer, 0));
}

// The system's own resolver, with everything that nsswitch.conf configures: by a program of the
// bottle, since this one is static.
Finding dns_resolver() {
    if (access("/usr/bin/getent", X_OK) != 0) return skipped("no /usr/bin/getent here");
    const pid_t child = fork();
    if (child == 0) {
        const int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        execl("/usr/bin/getent", "getent", "ahosts", "example.com", nullptr);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return escaped("example.com was resolved");
    return blocked("getaddrinfo(example.com) failed");
}

Finding interfaces() {
    std::ifstream file("/proc/net/dev");
    std::string others;
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(':');
        if (colon == std::string::npos) continue;
        const auto start = line.find_first_not_of(' ');
        const std::string name = line.substr(start, colon - start);
        if (name != "lo") others += " " + name;
    }
    return others.empty() ? blocked("only lo is there") : escaped("there are interfaces:" + others);
}

}  // namespace

const std::vector<Attempt>& network_attempts() {
    static const std::vector<Attempt> kAttempts = {
        {"interfaces", "network", "look for network interfaces besides lo", "",
         [](const Targets&) { return interfaces(); }},
        {"public-tcp", "network", "connect to addresses of the Internet", "",
         [](const Targets&) {
             return any_escape(
                 {"1.1.1.1:443", "8.8.8.8:53", "10.0.0.1:80", "192.168.1.1:80", "172.17.0.1:80"},
                 tcp);
         },
         true},
        {"public-tcp6", "network", "connect to IPv6 addresses of the Internet", "",
         [](const Targets&) {
             return any_escape({"[2606:4700:4700::1111]:443", "[fd00::1]:80"}, tcp);
         },
         true},
        {"public-udp", "network", "send datagrams to the Internet", "",
         [](const Targets&) {
             return any_escape({"1.1.1.1:443", "255.255.255.255:67", "239.255.255.250:1900",
                                "[2606:4700:4700::1111]:443"},
                               udp_leaves);
         }},
        {"host-tcp", "network", "connect to a TCP port on the host's loopback", "host-tcp",
         [](const Targets& t) { return any_escape(t.all("host-tcp"), tcp); }, true},
        {"host-tcp6", "network", "connect to a TCP port on the host's IPv6 loopback", "host-tcp6",
         [](const Targets& t) { return any_escape(t.all("host-tcp6"), tcp); }, true},
        {"host-udp", "network", "get an echo from a UDP port on the host's loopback", "host-udp",
         [](const Targets& t) { return any_escape(t.all("host-udp"), udp_echo); }},
        {"icmp", "network", "ping an address of the Internet", "",
         [](const Targets&) { return icmp(); }},
        {"metadata", "network", "reach the cloud's metadata service", "",
         [](const Targets&) {
             return any_escape({"169.254.169.254:80", "[fd00:ec2::254]:80", "100.100.100.200:80"},
                               tcp);
         },
         true},
        {"dns-resolver", "network", "resolve a name the ordinary way", "",
         [](const Targets&) { return dns_resolver(); }},
        {"dns-packet", "network", "ask name servers by hand", "",
         [](const Targets&) { return any_escape(name_servers(), dns_query); }, true},
    };
    return kAttempts;
}

}  // namespace botbottle::probe
