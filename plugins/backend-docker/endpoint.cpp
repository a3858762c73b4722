#include "endpoint.h"

#include <cstdlib>

#include "host-bottle/fail.h"

namespace backend_docker {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr const char* kDefault = "unix:///var/run/docker.sock";

}  // namespace

Endpoint parse_endpoint(std::string_view text) {
    const std::string shown(text);
    for (const std::string_view remote : {"tcp://", "http://", "https://", "ssh://", "fd://"}) {
        if (!text.starts_with(remote)) continue;
        host_bottle::fail_unavailable(
            "engine_not_local",
            "DOCKER_HOST is " + shown +
                ": bottles need an engine of this machine, because their sockets are files of it",
            "unset DOCKER_HOST, or set it to unix:///path/of/docker.sock");
    }
    std::string_view path = text;
    if (path.starts_with(kUnix)) path.remove_prefix(kUnix.size());
    if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) {
        host_bottle::fail_unavailable("bad_docker_host",
                                      "DOCKER_HOST is \"" + shown + "\", which is no address",
                                      "set it to unix:///path/of/docker.sock");
    }
    return {std::string(kUnix) + std::string(path), std::string(path)};
}

Endpoint default_endpoint() {
    const char* const given = std::getenv("DOCKER_HOST");
    return parse_endpoint(given != nullptr && *given != '\0' ? given : kDefault);
}

}  // namespace backend_docker
