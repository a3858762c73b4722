#include "engine_error.h"

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace backend_docker {
namespace {

constexpr std::size_t kMostWords = 1000;

// The engine answers {"message": "…"}; what stands between it and us may answer anything.
std::string words_in(std::string_view body) {
    const auto document = nlohmann::json::parse(body, nullptr, false);
    if (document.is_object() && document.contains("message") &&
        document.at("message").is_string()) {
        return document.at("message").get<std::string>().substr(0, kMostWords);
    }
    return std::string(body.substr(0, kMostWords));
}

}  // namespace

OperationError engine_error(const std::string& what, long status, std::string_view body) {
    std::string words = words_in(body);
    if (words.empty()) words = "status " + std::to_string(status) + " without a word";
    const std::string message = "the engine could not " + what + ": " + words;
    const auto holds = [&](const char* text) { return words.find(text) != std::string::npos; };
    if (holds("no space left on device")) {
        return {BOTBOTTLE_FAILED, "engine_full", message,
                "`docker system df` says what takes it, `docker system prune` frees it"};
    }
    if (holds("client version") && holds("is too new")) {
        return {BOTBOTTLE_UNAVAILABLE, "engine_too_old", message,
                "Docker 20.10 or newer is needed"};
    }
    if (status == 404) return {BOTBOTTLE_NOT_FOUND, "not_found", message};
    if (status == 409) return {BOTBOTTLE_FAILED, "conflict", message};
    return {BOTBOTTLE_FAILED, "engine_refused", message};
}

OperationError unreachable(const std::string& socket, int error) {
    const std::string words = socket + ": " + std::strerror(error);
    switch (error) {
        case ENOENT:
            return {BOTBOTTLE_UNAVAILABLE, "no_engine", "there is no engine at " + socket,
                    "install Docker (apt install docker.io) and start it, or set DOCKER_HOST"};
        case EACCES:
        case EPERM:
            return {BOTBOTTLE_UNAVAILABLE, "engine_forbidden",
                    "you may not use the engine: " + words,
                    "add yourself to the socket's group (it is as good as root): "
                    "sudo usermod -aG docker $USER"};
        case ECONNREFUSED:
            return {BOTBOTTLE_UNAVAILABLE, "engine_down", "the engine does not run: " + words,
                    "start it: sudo systemctl start docker"};
        default:
            return {BOTBOTTLE_UNAVAILABLE, "engine_unreachable",
                    "the engine cannot be reached: " + words};
    }
}

}  // namespace backend_docker
