#include "git-hook/gate_link.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace botbottle::git_hook {

using nlohmann::json;

Result<json> GateLink::call(std::string_view method, const json& params,
                            const std::function<void(const std::string&)>& on_line) {
    const int id = next_id_++;
    const json request = {{"id", id}, {"method", method}, {"params", params}};
    const auto gone = [] {
        return failure("gate_gone", "the gate has ended", "push again in a moment");
    };
    if (!send(request.dump(-1, ' ', false, json::error_handler_t::replace) + '\n')) return gone();
    for (std::string line; receive(line);) {
        const json message = json::parse(line, nullptr, false);
        if (!message.is_object()) return gone();
        if (message.value("event", "") == "line") {
            if (on_line) on_line(message["params"].value("text", ""));
            continue;
        }
        if (message.value("id", 0) != id) continue;
        if (const auto error = message.find("error"); error != message.end())
            return failure(error->value("code", ""), error->value("message", ""),
                           error->value("hint", ""));
        return message.value("result", json::object());
    }
    return gone();
}

bool GateLink::send(std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool GateLink::receive(std::string& line) {
    for (;;) {
        if (const auto end = received_.find('\n'); end != std::string::npos) {
            line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return true;
        }
        char piece[16384];
        const ssize_t count = read(socket_.get(), piece, sizeof piece);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        received_.append(piece, static_cast<std::size_t>(count));
    }
}

}  // namespace botbottle::git_hook
