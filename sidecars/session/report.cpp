#include "session/report.h"

#include <climits>
#include <nlohmann/json.hpp>
#include <utility>

#include "session/packet.h"

namespace botbottle::session {
namespace {

using nlohmann::json;

constexpr std::size_t kFieldsOfSession = 5;

// The bottle chose some of these bytes: what is not UTF-8 is replaced, never an error.
std::string dump(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

int Outcome::exit_code() const {
    switch (kind) {
        case Kind::exited:
            return number;
        case Kind::signaled:
            return 128 + number;
        case Kind::detached:
            return 0;
        case Kind::failed:
            break;
    }
    return 125;
}

std::string Outcome::document() const {
    switch (kind) {
        case Kind::exited:
            return dump({{"outcome", "exited"}, {"code", number}});
        case Kind::signaled:
            return dump({{"outcome", "signaled"}, {"signal", number}});
        case Kind::detached:
            return dump({{"outcome", "detached"}});
        case Kind::failed:
            break;
    }
    return dump({{"outcome", "failed"}, {"code", code}, {"message", message}});
}

Outcome failed(std::string code, std::string message) {
    return {Outcome::Kind::failed, 0, std::move(code), std::move(message)};
}

std::string sessions_json(const std::vector<std::string_view>& fields) {
    json sessions = json::array();
    for (std::size_t i = 0; i + kFieldsOfSession <= fields.size(); i += kFieldsOfSession) {
        sessions.push_back({{"name", fields[i]},
                            {"pid", parse_number(fields[i + 1], 1, INT_MAX).value_or(0)},
                            {"tty", fields[i + 2] == "1"},
                            {"attached", fields[i + 3] == "1"},
                            {"command", fields[i + 4]}});
    }
    return dump(sessions);
}

}  // namespace botbottle::session
