// MCP's envelope: JSON-RPC 2.0 messages in, answers out. No I/O: whoever owns the connection waits.
//
// Protocol versions 2024-11-05 to 2025-11-25. A newer client's probe (`server/discover`) is
// answered at once with "method not found", which is what makes it fall back.
#pragma once

#include <optional>
#include <string_view>

#include "supervise/tools.h"

namespace botbottle::supervise {

bool is_protocol_version(std::string_view text);

// One message of the agent.
// NOLINTNEXTLINE(bugprone-exception-escape): moving a JSON document throws only by its declaration
struct Reply {
    // The answer, or nothing for a notification. With `call` it is mcp_result(...) of it.
    std::optional<Json> message;
    std::optional<CallResult> call;  // a tool that waits
    Json id;
    Json progress_token;  // null: no progress was asked for
};

Reply answer_message(Service& service, const Json& message);

Json mcp_result(const Json& id, const CallResult& result);
Json mcp_progress(const Json& token, int step);
Json mcp_error(const Json& id, int code, const char* message);

inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;

}  // namespace botbottle::supervise
