// The entry point: descriptor and instance.
#include <botbottle/plugin.hpp>
#include <botbottle/request.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "operations.h"

namespace provider_command {

class Plugin {
  public:
    static constexpr const char* kDescriptor = R"({
      "schema": "botbottle.plugin/1",
      "id": "command",
      "kind": "provider",
      "version": ")" BOTBOTTLE_VERSION R"(",
      "summary": "Any other agent, by settings alone",
      "extensions": ["botbottle.provider/1"],
      "host_env": [],
      "settings": {
        "command": {"type": "string", "required": true,
          "summary": "the agent's program, found on the PATH of the host"},
        "arguments": {"type": "string-list", "summary": "its first arguments, always"},
        "headless_arguments": {"type": "string-list",
          "summary": "further ones when it is started with --prompt"},
        "resume_arguments": {"type": "string-list",
          "summary": "further ones when its last conversation goes on"},
        "prompt_mode": {"type": "string",
          "summary": "how it takes --prompt: argument (the last one; the default), separated (after \"--\"), option, none"},
        "prompt_option": {"type": "string",
          "summary": "with prompt_mode: option, the option before the prompt"},
        "instructions_file": {"type": "string",
          "summary": "where it reads the agent's prompt, below its home: .config/agent/AGENTS.md"},
        "conversation": {"type": "string-list",
          "summary": "directories below its home in which it keeps what resume_arguments go on with"},
        "env": {"type": "string-list", "summary": "variables for it, each NAME=value; no secrets"},
        "routes": {"type": "string-list",
          "summary": "what it must reach, each HOST, HOST:PORT or HOST/PATH"},
        "auth_token": {"type": "string", "format": "host-variable",
          "summary": "name of the host variable with the credential for these routes"},
        "auth_header": {"type": "string",
          "summary": "the header that carries it; without, Authorization: Bearer"},
        "auth_env": {"type": "string",
          "summary": "the variable in which the agent looks for it, and finds a placeholder"}
      }
    })";

    explicit Plugin(botbottle::plugin::Host) {}

    std::string provision(std::string_view request) {
        return provider_command::provision(botbottle::plugin::parse_request(request)).dump();
    }
    std::string command_line(std::string_view request) {
        return provider_command::command_line(botbottle::plugin::parse_request(request)).dump();
    }
};

}  // namespace provider_command

BOTBOTTLE_PLUGIN(provider_command::Plugin)
