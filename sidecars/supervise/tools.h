// The tools: what an agent can ask for, over MCP or over plain HTTP alike.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "supervise/document.h"

namespace botbottle::supervise {

class Service;

// What a call came to at once. With `waits_for` the answer is answer_about(that id), once it is
// decided or `budget` has passed.
// NOLINTNEXTLINE(bugprone-exception-escape): moving a JSON document throws only by its declaration
struct CallResult {
    Json answer;
    bool is_error = false;
    std::string waits_for;
    std::chrono::seconds budget{0};
};

// The list for `tools/list`: name, description, inputSchema; what this bottle's agent can use.
Json tool_descriptions(const Service& service);
bool is_tool(const Service& service, std::string_view name);

CallResult call_tool(Service& service, std::string_view name, const Json& arguments);

// {status, proposal_id, notes, …}, for the model to read. `unknown_proposal` for an id that there
// never was.
CallResult answer_about(const Service& service, const std::string& id);

}  // namespace botbottle::supervise
