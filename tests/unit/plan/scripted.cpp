// A provider whose plan is the text of its setting `reply`. With `show: true` it fails and its
// error message is the request that it got.
#include <botbottle/plugin.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace {

class Scripted {
  public:
    static constexpr const char* kDescriptor = R"({
        "schema": "botbottle.plugin/1", "id": "scripted", "kind": "provider", "version": "1",
        "summary": "replies with what its settings say", "extensions": ["botbottle.provider/1"],
        "host_env": ["SCRIPTED_HOST_ENV"],
        "settings": {
            "reply": {"type": "string"}, "show": {"type": "bool"}, "count": {"type": "int"},
            "words": {"type": "string-list"},
            "token": {"type": "string", "format": "host-variable", "summary": "a credential"},
            "second": {"type": "string", "format": "host-variable"}}})";

    explicit Scripted(botbottle::plugin::Host) {}

    std::string provision(std::string_view text) {
        const auto request = nlohmann::json::parse(text);
        const auto& settings = request.at("settings");
        if (settings.value("show", false)) {
            throw botbottle::plugin::OperationError(BOTBOTTLE_FAILED, "shown", request.dump());
        }
        std::string reply = settings.value(
            "reply",
            R"({"schema": "botbottle.provider-plan/1", "command": "scripted", "skills_directory": "$HOME/skills"})");
        // So that a plan can depend on the guest.
        const std::string home = request.at("guest").at("home");
        for (std::size_t at = 0; (at = reply.find("$HOME", at)) != std::string::npos;)
            reply.replace(at, 5, home);
        return reply;
    }

    std::string command_line(std::string_view text) {
        const auto request = nlohmann::json::parse(text);
        if (request.at("arguments") == nlohmann::json::array({"fail"}))
            return R"({"argv": ["a", 7]})";
        return nlohmann::json{{"argv", nlohmann::json::array({"scripted", request.dump()})}}.dump();
    }
};

}  // namespace

BOTBOTTLE_PLUGIN(Scripted)
