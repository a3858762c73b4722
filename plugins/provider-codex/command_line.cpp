#include <botbottle/request.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "operations.h"

namespace provider_codex {

using botbottle::plugin::flag;
using botbottle::plugin::member;
using botbottle::plugin::optional_text;
using nlohmann::json;

json command_line(const json& request) {
    const std::string headless_prompt = optional_text(request, "headless_prompt");
    const bool headless = !headless_prompt.empty();
    json argv = {"codex"};
    const auto add = [&argv](const auto&... words) { (argv.push_back(words), ...); };

    if (headless) add("exec");
    if (flag(request, "resume")) {
        add("resume", "--last");
        // What began without a terminal may go on at one.
        if (!headless) add("--include-non-interactive");
    }
    // The bottle is the boundary: inside it the agent asks nobody.
    add("--dangerously-bypass-approvals-and-sandbox");
    if (headless) add("--json", "--skip-git-repo-check");
    (void)member(request, "arguments");
    for (const std::string& argument : botbottle::plugin::strings(request, "arguments"))
        add(argument);
    // After "--" a prompt may begin with a dash, and no option before it can swallow it.
    const std::string opening = optional_text(request, "opening");
    if (headless || !opening.empty()) add("--", headless ? headless_prompt : opening);
    return {{"argv", std::move(argv)}};
}

}  // namespace provider_codex
