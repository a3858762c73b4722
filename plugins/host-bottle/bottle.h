// What every request about one bottle says, and where its things lie on this host.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace host_bottle {

using Json = nlohmann::json;

// Paths inside.
constexpr const char* kGuestHome = "/home/agent";
constexpr const char* kGuestWorkspace = "/workspace";
constexpr const char* kGuestSockets = "/run/botbottle/sockets";
constexpr const char* kGuestRelay = "/run/botbottle/relay";

struct Bottle {
    std::string identity;
    std::string state_dir;
    std::string runtime_dir;
    std::string libexec_dir;
    std::string place;  // the backend's own directory: runtime_dir, or one in it
    std::string client = "botbottle-session";  // the program that a session is held with

    std::string home() const { return state_dir + "/home"; }
    std::string workspace() const { return state_dir + "/workspace"; }
    std::string etc() const { return place + "/etc"; }
    // Made first of all in there, so that what is removed is known to be ours.
    std::string etc_marker() const { return etc() + "/botbottle"; }
    std::string session_socket() const { return place + "/session.sock"; }
    std::string record() const { return place + "/backend.json"; }
    std::string relay() const { return libexec_dir + "/botbottle-relay"; }
    std::string session_client() const { return libexec_dir + "/" + client; }
};

// `directory`: the backend's own one in runtime_dir; empty for runtime_dir itself.
Bottle bottle_of(const Json& request, const std::string& directory = {});

// The same for a bottle of which nothing but its runtime directory is known.
Bottle bottle_in(const std::string& runtime_dir, const std::string& directory = {});

// Whether `text` may be a bottle's name, and so a part of paths.
bool is_identity(const std::string& text);

// An absolute path without "." and ".." and without a NUL.
std::string absolute_path(const Json& document, const char* key);

}  // namespace host_bottle
