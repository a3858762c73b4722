// The entry point: descriptor and instance.
#include <botbottle/plugin.hpp>
#include <botbottle/request.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "operations.h"

namespace provider_claude {

class Plugin {
  public:
    static constexpr const char* kDescriptor = R"({
      "schema": "botbottle.plugin/1",
      "id": "claude",
      "kind": "provider",
      "version": ")" BOTBOTTLE_VERSION R"(",
      "summary": "Claude Code by Anthropic",
      "extensions": ["botbottle.provider/1"],
      "host_env": [],
      "settings": {
        "auth_token": {
          "type": "string", "format": "host-variable", "required": false,
          "summary": "name of the host variable with the OAuth token (claude setup-token) or API key"
        }
      }
    })";

    explicit Plugin(botbottle::plugin::Host) {}

    std::string provision(std::string_view request) {
        return provider_claude::provision(botbottle::plugin::parse_request(request)).dump();
    }
    std::string command_line(std::string_view request) {
        return provider_claude::command_line(botbottle::plugin::parse_request(request)).dump();
    }
};

}  // namespace provider_claude

BOTBOTTLE_PLUGIN(provider_claude::Plugin)
