// Engine: the Engine API over a Unix socket or TCP (https://docs.docker.com/engine/api/, 1.41 and
// later).
//
// Every call has a time-out and ends when the operator cancels. Not thread-safe.
#pragma once

#include <botbottle/plugin.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "endpoint.h"
#include "host-bottle/unique_fd.h"

namespace backend_docker {

using Json = nlohmann::json;

constexpr const char* kPodman = "Podman";

struct EngineVersion {
    std::string name;  // "Docker", or kPodman
    std::string version;
    std::string api;  // the one that is spoken: the newest that both know
};

struct Call {
    std::string method;
    std::string path;  // with its query, without the version
    std::string body;
    std::string content_type = "application/json";
    int file = -1;  // a regular file that is sent instead of the body; it stays the caller's
    std::chrono::milliseconds timeout{30'000};
    // Gets the answer as it comes, instead of Answer::body.
    std::function<void(std::string_view)> on_data;
};

struct Answer {
    long status = 0;
    std::string body;
};

class Engine {
  public:
    // `host`: asked whether the operator has cancelled; may be null where nothing takes long.
    Engine(Endpoint endpoint, const botbottle::plugin::Host* host);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    const Endpoint& endpoint() const { return endpoint_; }

    // Asked once. Refuses engines whose API is older than 1.41 (Docker 20.10).
    const EngineVersion& version();

    // Throws when no answer came; a refusal is an answer.
    Answer send(const Call& call);

    // The stream that a container's first process has as its stdin and stdout, each piece of output
    // behind eight bytes (Engine API, "Attach to a container"). A socket of its own.
    host_bottle::UniqueFd attach(const std::string& container);

    // The answer's document. Throws for a refusal; `what` says what was asked for.
    Json ask(const std::string& what, const Call& call);

  private:
    struct Transfer;
    Answer perform(const std::string& url, const Call& call);
    [[noreturn]] void explain(int curl_code, const Call& call) const;

    Endpoint endpoint_;
    const botbottle::plugin::Host* host_;
    std::unique_ptr<Transfer> transfer_;
    std::unique_ptr<EngineVersion> version_;
};

// "?a=b&c=d", percent-encoded.
std::string query(std::initializer_list<std::pair<std::string_view, std::string_view>> parameters);

// The newest API version that the engine and this plugin both speak; empty when there is none.
std::string common_api(std::string_view newest, std::string_view oldest);

}  // namespace backend_docker
