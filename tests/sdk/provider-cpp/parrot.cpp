// A provider in C++ with plugin.hpp and request.hpp: the whole of it.
#include <botbottle/request.hpp>
#include <string>
#include <string_view>

using botbottle::plugin::member;
using botbottle::plugin::optional_text;
using botbottle::plugin::text_member;
using nlohmann::json;

class Parrot {
  public:
    static constexpr const char* kDescriptor = R"({
      "schema": "botbottle.plugin/1", "id": "parrot-cpp", "kind": "provider", "version": "1.0",
      "summary": "A parrot, in C++", "extensions": ["botbottle.provider/1"], "host_env": [],
      "settings": {
        "api_key": {"type": "string", "format": "host-variable", "required": true,
                    "summary": "name of the host variable with the key"},
        "words": {"type": "string-list", "summary": "what it says before every prompt"}
      }
    })";

    explicit Parrot(botbottle::plugin::Host) {}

    std::string provision(std::string_view text) {
        const json request = botbottle::plugin::parse_request(text);
        const json& settings = member(request, "settings");
        std::string words;
        for (const std::string& word : botbottle::plugin::strings(settings, "words"))
            words += word + ' ';
        return json{
            {"schema", "botbottle.provider-plan/1"},
            {"command", "parrot"},
            {"env", {{"PARROT_KEY", "placeholder"}, {"PARROT_WORDS", words}}},
            {"hidden_env", {"PARROT_KEY"}},
            {"routes", json::array({{{"host", "parrot.example"},
                                     {"ports", {443}},
                                     {"path_allowlist", {"/v1/repeat"}},
                                     {"auth", {{"scheme", "Bearer"}, {"secret", "key"}}}}})},
            {"secrets", {{"key", {{"host_variable", text_member(settings, "api_key")}}}}}}
            .dump();
    }

    std::string command_line(std::string_view text) {
        const json request = botbottle::plugin::parse_request(text);
        return json{{"argv", {"parrot", optional_text(request, "headless_prompt")}}}.dump();
    }
};

BOTBOTTLE_PLUGIN(Parrot)
