// What the client tells its caller: JSON, and an exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace botbottle::session {

// How a session ended, as far as this client saw it.
struct Outcome {
    enum class Kind { exited, signaled, detached, failed } kind = Kind::failed;
    int number = 0;  // exit code or signal
    std::string code;
    std::string message;

    // 128+n for a signal, as a shell has it; 125 when botbottle failed and not the program.
    int exit_code() const;
    std::string document() const;  // JSON
};

Outcome failed(std::string code, std::string message);

// The fields of an `L` packet, five for each session, as a JSON array.
std::string sessions_json(const std::vector<std::string_view>& fields);

}  // namespace botbottle::session
