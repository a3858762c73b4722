#include <botbottle/plugin.hpp>
#include <botbottle/request.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "operations.h"

namespace provider_claude {

using botbottle::plugin::flag;
using botbottle::plugin::member;
using botbottle::plugin::optional_text;
using nlohmann::json;

namespace {

// The conversation that was written to last, by its name: --continue passes over those that began
// without a terminal, and begins a new one when it finds none. Without any there is a first one.
constexpr const char* kResume =
    "last=$(ls -t \"$HOME\"/.claude/projects/*/*-*-*-*-*.jsonl "
    "2>/dev/null | head -n 1); last=${last##*/}; last=${last%.jsonl}; "
    "exec claude ${last:+--resume \"$last\"} \"$@\"";

}  // namespace

json command_line(const json& request) {
    const bool resume = flag(request, "resume");
    json argv = resume ? json{"sh", "-c", kResume, "sh"} : json{"claude"};
    const auto add = [&argv](const auto&... words) { (argv.push_back(words), ...); };
    // The bottle is the boundary: inside it the agent asks nobody.
    add("--dangerously-skip-permissions");

    const std::string prompt_file = optional_text(request, "prompt_file");
    if (!prompt_file.empty()) add("--append-system-prompt-file", prompt_file);
    // Without it a conversation keeps the prompt that it began with.
    if (resume && !prompt_file.empty()) add("--system-prompt-snapshot", "off");
    const std::string headless_prompt = optional_text(request, "headless_prompt");
    // stream-json is refused without --verbose.
    if (!headless_prompt.empty()) add("-p", "--output-format", "stream-json", "--verbose");
    for (const json& argument : member(request, "arguments")) {
        if (!argument.is_string()) {
            throw botbottle::plugin::OperationError(BOTBOTTLE_INVALID_REQUEST, "invalid_request",
                                                    "\"arguments\" must be a list of strings");
        }
        argv.push_back(argument);
    }
    // After "--" a prompt may begin with a dash, and no option before it can swallow it.
    const std::string opening = optional_text(request, "opening");
    if (!headless_prompt.empty() || !opening.empty())
        add("--", headless_prompt.empty() ? opening : headless_prompt);
    return {{"argv", std::move(argv)}};
}

}  // namespace provider_claude
