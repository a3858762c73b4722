#include "endpoint.h"

#include <algorithm>
#include <cstdlib>

#include "host-bottle/fail.h"

namespace backend_docker {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr const char* kDefault = "unix:///var/run/docker.sock";
constexpr const char* kForward =
    "forward its socket to one of yours: ssh -NL /tmp/engine.sock:/var/run/docker.sock HOST, "
    "DOCKER_HOST=unix:///tmp/engine.sock and --placement bundle";

[[noreturn]] void refuse(const std::string& shown) {
    host_bottle::fail_unavailable("bad_docker_host",
                                  "DOCKER_HOST is \"" + shown + "\", which is no address",
                                  "set it to unix:///path/of/docker.sock, or to tcp://HOST:PORT");
}

bool is_set(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != '\0';
}

Endpoint parse_tcp(std::string_view address, const std::string& shown) {
    if (is_set("DOCKER_TLS_VERIFY") || is_set("DOCKER_TLS")) {
        host_bottle::fail_unavailable(
            "engine_tls", "engines behind TLS (DOCKER_TLS_VERIFY) are not spoken to", kForward);
    }
    if (address.ends_with('/')) address.remove_suffix(1);
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos) refuse(shown);
    const std::string host(address.substr(0, colon));
    const std::string port(address.substr(colon + 1));
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto plain = [&](char c) {
        return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
               c == '-' || c == ':' || c == '[' || c == ']';
    };
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    const bool good = !host.empty() && std::all_of(host.begin(), host.end(), plain) &&
                      (bracketed || host.find_first_of(":[]") == std::string::npos) &&
                      !port.empty() && port.size() <= 5 &&
                      std::all_of(port.begin(), port.end(), digit) && std::stoi(port) < 65536;
    if (!good) refuse(shown);
    return {"tcp://" + host + ":" + port, "", host, port};
}

}  // namespace

std::string Endpoint::url() const {
    return is_local() ? "http://engine" : "http://" + host + ":" + port;
}

Endpoint parse_endpoint(std::string_view text) {
    const std::string shown(text);
    for (const std::string_view other : {"https://", "ssh://", "fd://", "npipe://"}) {
        if (!text.starts_with(other)) continue;
        host_bottle::fail_unavailable(
            "engine_out_of_reach", "DOCKER_HOST is " + shown + ", which is not spoken", kForward);
    }
    for (const std::string_view tcp : {"tcp://", "http://"}) {
        if (text.starts_with(tcp)) return parse_tcp(text.substr(tcp.size()), shown);
    }
    std::string_view path = text;
    if (path.starts_with(kUnix)) path.remove_prefix(kUnix.size());
    if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) refuse(shown);
    return {std::string(kUnix) + std::string(path), std::string(path), "", ""};
}

Endpoint default_endpoint() {
    const char* const given = std::getenv("DOCKER_HOST");
    return parse_endpoint(given != nullptr && *given != '\0' ? given : kDefault);
}

std::string placement_name(Placement placement) {
    return placement == Placement::bundle ? "bundle" : "host";
}

bool is_placement_asked_for() {
    return is_set("BOTBOTTLE_PLACEMENT");
}

Placement placement_for(const Endpoint& endpoint) {
    const char* const given = std::getenv("BOTBOTTLE_PLACEMENT");
    const std::string_view asked = given != nullptr ? given : "";
    if (asked == "bundle") return Placement::bundle;
    if (asked == "host" && !endpoint.is_local()) {
        host_bottle::fail_unavailable(
            "engine_not_local",
            "the engine at " + endpoint.text +
                " is on another machine, and placement host needs one of this machine, because "
                "there a bottle's sockets are files",
            "use --placement bundle, or set DOCKER_HOST to unix:///path/of/docker.sock");
    }
    if (!asked.empty() && asked != "host") {
        host_bottle::fail_unavailable("bad_placement",
                                      "there is no placement \"" + std::string(asked) + "\"",
                                      "it is host or bundle");
    }
    return endpoint.is_local() ? Placement::host : Placement::bundle;
}

}  // namespace backend_docker
