// The entry point: descriptor and instance.
#include <botbottle/plugin.hpp>
#include <botbottle/request.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "operations.h"

namespace provider_codex {

class Plugin {
  public:
    static constexpr const char* kDescriptor = R"({
      "schema": "botbottle.plugin/1",
      "id": "codex",
      "kind": "provider",
      "version": ")" BOTBOTTLE_VERSION R"(",
      "summary": "Codex by OpenAI",
      "extensions": ["botbottle.provider/1"],
      "host_env": [],
      "host_files": {
        "auth": {"setting": "forward_host_credentials",
                 "paths": ["$CODEX_HOME/auth.json", "~/.codex/auth.json"]}
      },
      "settings": {
        "forward_host_credentials": {
          "type": "bool", "required": false, "excludes": ["auth_token"],
          "summary": "use the ChatGPT login of the host's codex; only its access token leaves, to the egress"
        },
        "auth_token": {
          "type": "string", "format": "host-variable", "required": false,
          "summary": "name of the host variable with the API key"
        }
      }
    })";

    explicit Plugin(botbottle::plugin::Host) {}

    std::string provision(std::string_view request) {
        return provider_codex::provision(botbottle::plugin::parse_request(request)).dump();
    }
    std::string command_line(std::string_view request) {
        return provider_codex::command_line(botbottle::plugin::parse_request(request)).dump();
    }
};

}  // namespace provider_codex

BOTBOTTLE_PLUGIN(provider_codex::Plugin)
