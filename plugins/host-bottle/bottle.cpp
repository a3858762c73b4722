#include "bottle.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fail.h"
#include "files.h"

namespace host_bottle {
namespace {

bool is_plain_path(const std::string& path) {
    if (!path.starts_with('/') || path.find('\0') != std::string::npos) return false;
    const std::string closed = path + "/";
    return closed.find("/../") == std::string::npos && closed.find("/./") == std::string::npos;
}

}  // namespace

bool is_identity(const std::string& text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= 64 && text.front() != '.' && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), allowed);
}

std::string absolute_path(const Json& document, const char* key) {
    auto path = document.at(key).get<std::string>();
    if (!is_plain_path(path)) fail_invalid(std::string(key) + " is not a plain absolute path");
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    return path;
}

Bottle bottle_of(const Json& request, const std::string& directory) {
    Bottle bottle;
    bottle.identity = request.at("identity").get<std::string>();
    if (!is_identity(bottle.identity)) fail_invalid("identity is not a name");
    bottle.state_dir = absolute_path(request, "state_dir");
    bottle.runtime_dir = absolute_path(request, "runtime_dir");
    bottle.libexec_dir = absolute_path(request, "libexec_dir");
    bottle.place = directory.empty() ? bottle.runtime_dir : bottle.runtime_dir + "/" + directory;
    return bottle;
}

Bottle bottle_in(const std::string& runtime_dir, const std::string& directory) {
    Bottle bottle;
    bottle.runtime_dir = absolute_path({{"path", runtime_dir}}, "path");
    bottle.identity = name_of(bottle.runtime_dir);
    bottle.place = directory.empty() ? bottle.runtime_dir : bottle.runtime_dir + "/" + directory;
    return bottle;
}

}  // namespace host_bottle
