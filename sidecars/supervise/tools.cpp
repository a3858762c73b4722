#include "supervise/tools.h"

#include <algorithm>

#include "supervise/dockerfile_request.h"
#include "supervise/route_request.h"
#include "supervise/service.h"

namespace botbottle::supervise {
namespace {

constexpr std::string_view kEgressBlock = "egress-block";
constexpr std::string_view kCapabilityBlock = "capability-block";
constexpr std::string_view kPushBlock = "push-block";
constexpr std::string_view kListRoutes = "list-egress-routes";
constexpr std::string_view kCheck = "check-proposal";

Json string_schema(const char* description) {
    return {{"type", "string"}, {"description", description}};
}

Json list_schema(const char* type, const char* description) {
    return {{"type", "array"}, {"items", {{"type", type}}}, {"description", description}};
}

Json object_schema(Json properties, Json required) {
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"required", std::move(required)},
            {"additionalProperties", false}};
}

Json auth_schema() {
    return object_schema(
        {{"scheme",
          {{"type", "string"}, {"enum", {"Bearer", "token", "Basic", "header", "query"}}}},
         {"token_ref",
          string_schema("the name of a variable on the operator's host, never a value")},
         {"username", string_schema("for Basic")},
         {"name", string_schema("the header's or the parameter's name, for header and query")},
         {"prefix", string_schema("before the value, for header")}},
        Json::array({"scheme", "token_ref"}));
}

Json describe_tools() {
    return {
        {{"name", kEgressBlock},
         {"description",
          "Ask the operator to let this bottle reach a host that the egress policy denies. One "
          "route "
          "a call; ask for no more than the task needs. Returns approved, modified, rejected or "
          "pending with a proposal_id for check-proposal. After an approval repeat the request "
          "that "
          "was denied: nothing has to be restarted."},
         {"inputSchema",
          object_schema(
              {{"host", string_schema("a host name; *.example.com for every name below one")},
               {"ports", list_schema("integer", "default 443")},
               {"methods", list_schema("string", "HTTP methods in upper case; default all")},
               {"path_allowlist", list_schema("string", "absolute path prefixes; default all")},
               {"auth", auth_schema()},
               {"justification", string_schema("why the task needs this, for the operator")}},
              Json::array({"host", "justification"}))}},
        {{"name", kCapabilityBlock},
         {"description",
          "Ask the operator for another image of this bottle: a program that the task needs and "
          "that is not installed. Give the whole new text; the present one is at "
          "http://127.0.0.1:9100/dockerfile. Nothing can be copied into the image but what the "
          "build itself fetches. After an approval the image is built; it is this bottle's from "
          "the operator's next resume on, with the workspace and this conversation as they are."},
         {"inputSchema",
          object_schema(
              {{"dockerfile", string_schema("the whole text of the Dockerfile")},
               {"justification", string_schema("why the task needs this, for the operator")}},
              Json::array({"dockerfile", "justification"}))}},
        {{"name", kPushBlock},
         {"description",
          "Tell the operator why a push that was refused with `approval_needed` should go through. "
          "Returns approved, rejected or pending. After an approval push the same commits again."},
         {"inputSchema",
          object_schema(
              {{"proposal_id", string_schema("as git showed it when it refused the push")},
               {"justification", string_schema("why the task needs this, for the operator")}},
              Json::array({"proposal_id", "justification"}))}},
        {{"name", kListRoutes},
         {"description", "What this bottle may reach now. Credentials are shown by scheme only."},
         {"inputSchema", object_schema(Json::object(), Json::array())},
         {"annotations", {{"readOnlyHint", true}}}},
        {{"name", kCheck},
         {"description",
          "What became of a proposal: pending, approved, modified, rejected or expired, with the "
          "operator's notes."},
         {"inputSchema",
          object_schema({{"proposal_id", string_schema("as it was returned")},
                         {"wait_seconds",
                          {{"type", "integer"},
                           {"minimum", 0},
                           {"maximum", kLongestWait.count()},
                           {"description", "how long to wait for a decision; default 0"}}}},
                        Json::array({"proposal_id"}))},
         {"annotations", {{"readOnlyHint", true}}}}};
}

CallResult refusal(const Error& error) {
    Json answer = {{"status", "error"}, {"error", error.code}, {"message", error.message}};
    if (!error.hint.empty()) answer["hint"] = error.hint;
    return {std::move(answer), true, {}, {}};
}

// The agent's own words, which have to be there.
Result<std::string> justification_of(const Json& arguments) {
    const auto reason = arguments.find("justification");
    if (reason == arguments.end() || !reason->is_string() ||
        reason->get_ref<const std::string&>().empty())
        return failure("invalid_arguments", "justification must say why the task needs this");
    return reason->get<std::string>();
}

CallResult push_block(Service& service, const Json& arguments) {
    auto reason = justification_of(arguments);
    if (!reason) return refusal(reason.error());
    const auto id = arguments.find("proposal_id");
    if (id == arguments.end() || !id->is_string())
        return refusal({"invalid_arguments", "proposal_id must be a string", {}});
    const auto text = id->get<std::string>();
    if (auto given = service.give_reason(text, *std::move(reason)); !given)
        return refusal(given.error());
    if (!service.is_open(text)) return answer_about(service, text);
    return {{}, false, text, service.response_time()};
}

CallResult egress_block(Service& service, const Json& arguments) {
    auto reason = justification_of(arguments);
    if (!reason) return refusal(reason.error());
    auto route = canonical_route(arguments);
    if (!route) return refusal(route.error());
    auto id = service.propose(std::string(kEgressBlock), *std::move(route), *std::move(reason));
    if (!id) return refusal(id.error());
    return {{}, false, *std::move(id), service.response_time()};
}

CallResult capability_block(Service& service, const Json& arguments) {
    if (!service.dockerfile())
        return refusal({"not_offered", "the image of this bottle cannot be built anew", {}});
    auto reason = justification_of(arguments);
    if (!reason) return refusal(reason.error());
    auto payload = canonical_dockerfile(arguments);
    if (!payload) return refusal(payload.error());
    if ((*payload)["dockerfile"] == *service.dockerfile())
        return refusal({"invalid_arguments", "this is the Dockerfile of the bottle already", {}});
    auto id =
        service.propose(std::string(kCapabilityBlock), *std::move(payload), *std::move(reason));
    if (!id) return refusal(id.error());
    return {{}, false, *std::move(id), service.response_time()};
}

// What a route says to the agent: never which slot or variable a credential comes from.
CallResult list_routes(const Service& service) {
    Json routes = Json::array();
    for (const Json& route : service.policy().value("routes", Json::array())) {
        Json shown = Json::object();
        for (const char* name : {"host", "ports", "methods", "path_allowlist"})
            shown[name] = route.value(name, Json());
        const Json auth = route.value("auth", Json());
        shown["auth"] = auth.is_object() ? auth.value("scheme", Json()) : Json();
        routes.push_back(std::move(shown));
    }
    return {{{"revision", service.policy().value("revision", 0)}, {"routes", std::move(routes)}},
            false,
            {},
            {}};
}

CallResult check(const Service& service, const Json& arguments) {
    const auto id = arguments.find("proposal_id");
    if (id == arguments.end() || !id->is_string())
        return refusal({"invalid_arguments", "proposal_id must be a string", {}});
    const auto written = arguments.find("wait_seconds");
    std::chrono::seconds budget{0};
    if (written != arguments.end() && !written->is_null()) {
        if (!written->is_number_unsigned())
            return refusal({"invalid_arguments", "wait_seconds must be a whole number", {}});
        budget = std::chrono::seconds(std::min<std::uint64_t>(
            written->get<std::uint64_t>(), static_cast<std::uint64_t>(kLongestWait.count())));
    }
    const auto text = id->get<std::string>();
    if (!service.is_open(text)) return answer_about(service, text);
    return {{}, false, text, budget};
}

const char* advice(const std::string& status) {
    if (status == "approved")
        return "repeat the request that was denied, or push the same commits again; nothing has to "
               "restart";
    if (status == "modified") return "the operator granted the `granted` route instead: use that";
    if (status == "rejected") return "do without, or tell the user why the task cannot be done";
    return "propose it again if the task still needs it";
}

}  // namespace

Json tool_descriptions(const Service& service) {
    Json tools = describe_tools();
    if (!service.dockerfile())
        std::erase_if(tools.get_ref<Json::array_t&>(),
                      [](const Json& tool) { return tool["name"] == kCapabilityBlock; });
    return tools;
}

bool is_tool(const Service& service, std::string_view name) {
    const Json tools = tool_descriptions(service);
    return std::any_of(tools.begin(), tools.end(),
                       [&](const Json& tool) { return tool["name"] == name; });
}

CallResult call_tool(Service& service, std::string_view name, const Json& arguments) {
    if (!arguments.is_object())
        return refusal({"invalid_arguments", "the arguments must be an object", {}});
    if (name == kEgressBlock) return egress_block(service, arguments);
    if (name == kCapabilityBlock) return capability_block(service, arguments);
    if (name == kPushBlock) return push_block(service, arguments);
    if (name == kListRoutes) return list_routes(service);
    if (name == kCheck) return check(service, arguments);
    return refusal({"unknown_tool", "there is no such tool",
                    "egress-block, push-block, list-egress-routes, check-proposal"});
}

CallResult answer_about(const Service& service, const std::string& id) {
    if (service.is_open(id))
        return {{{"status", "pending"},
                 {"proposal_id", id},
                 {"hint",
                  "the operator has not answered yet: go on with other work and call "
                  "check-proposal with this id later"}},
                false,
                {},
                {}};
    const auto decision = service.decision(id);
    if (!decision)
        return refusal({"unknown_proposal", "there is no proposal of that id",
                        "use the proposal_id as it was returned"});
    Json answer = {{"status", decision->status}, {"proposal_id", id}};
    if (!decision->notes.empty()) answer["notes"] = decision->notes;
    if (!decision->scope.empty()) answer["scope"] = decision->scope;
    const bool image = decision->payload.is_object() && decision->payload.contains("dockerfile");
    if (decision->status == "modified" && decision->payload.is_object()) {
        Json granted = decision->payload;
        granted.erase("auth");
        answer["granted"] = std::move(granted);
    }
    const bool granted = decision->status == "approved" || decision->status == "modified";
    answer["hint"] = image && granted
                         ? "the image is built, and is this bottle's from its next resume on"
                         : advice(decision->status);
    return {std::move(answer), false, {}, {}};
}

}  // namespace botbottle::supervise
