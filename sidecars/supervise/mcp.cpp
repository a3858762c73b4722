#include "supervise/mcp.h"

#include <algorithm>
#include <array>

namespace botbottle::supervise {
namespace {

constexpr std::array<std::string_view, 4> kVersions = {"2024-11-05", "2025-03-26", "2025-06-18",
                                                       "2025-11-25"};

Json initialize(const Json& params) {
    const auto asked = params.find("protocolVersion");
    const bool known = asked != params.end() && asked->is_string() &&
                       is_protocol_version(asked->get_ref<const std::string&>());
    return {
        {"protocolVersion", known ? asked->get<std::string>() : std::string(kVersions.back())},
        {"capabilities", {{"tools", {{"listChanged", false}}}}},
        {"serverInfo", {{"name", "botbottle-supervise"}, {"version", BOTBOTTLE_VERSION}}},
        {"instructions",
         "This agent runs in a bottle: requests to hosts that no route names are denied. When a "
         "denial names `egress-block`, propose the route with it and go on when it is approved."}};
}

// An id or a token that is echoed: never a tree of the agent's.
bool is_scalar(const Json& value) {
    return value.is_string() || value.is_number();
}

Json result_message(const Json& id, Json result) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

Reply said(Json message) {
    return {std::move(message), std::nullopt, {}, {}};
}

Reply call(Service& service, const Json& id, const Json& params) {
    const auto name = params.find("name");
    if (name == params.end() || !name->is_string() ||
        !is_tool(service, name->get_ref<const std::string&>()))
        return said(mcp_error(id, kInvalidParams, "there is no such tool"));
    const auto arguments = params.find("arguments");
    CallResult result = call_tool(service, name->get_ref<const std::string&>(),
                                  arguments == params.end() ? Json::object() : *arguments);
    if (result.waits_for.empty()) return said(mcp_result(id, result));
    Json token;
    if (const auto meta = params.find("_meta"); meta != params.end() && meta->is_object()) {
        const auto found = meta->find("progressToken");
        if (found != meta->end() && is_scalar(*found)) token = *found;
    }
    return {std::nullopt, std::move(result), id, std::move(token)};
}

}  // namespace

bool is_protocol_version(std::string_view text) {
    return std::find(kVersions.begin(), kVersions.end(), text) != kVersions.end();
}

Reply answer_message(Service& service, const Json& message) {
    if (!message.is_object()) return said(mcp_error({}, kInvalidRequest, "a message is an object"));
    const auto method = message.find("method");
    const auto id = message.find("id");
    // A notification, or an answer to a request that we never made.
    if (id == message.end() && (method == message.end() || method->is_string()))
        return {std::nullopt, std::nullopt, {}, {}};
    if (method == message.end() || !method->is_string() || id == message.end() || !is_scalar(*id))
        return said(mcp_error({}, kInvalidRequest, "a request has a method and an id"));
    const auto found = message.find("params");
    const Json params = found != message.end() && found->is_object() ? *found : Json::object();
    const auto& name = method->get_ref<const std::string&>();
    if (name == "initialize") return said(result_message(*id, initialize(params)));
    if (name == "ping") return said(result_message(*id, Json::object()));
    if (name == "tools/list")
        return said(result_message(*id, {{"tools", tool_descriptions(service)}}));
    if (name == "tools/call") return call(service, *id, params);
    return said(mcp_error(*id, kMethodNotFound, "there is no such method"));
}

// As text, which every version knows; the model reads it as it is.
Json mcp_result(const Json& id, const CallResult& result) {
    const Json text = {{"type", "text"}, {"text", write_document(result.answer)}};
    return result_message(id, {{"content", Json::array({text})}, {"isError", result.is_error}});
}

Json mcp_progress(const Json& token, int step) {
    return {
        {"jsonrpc", "2.0"},
        {"method", "notifications/progress"},
        {"params",
         {{"progressToken", token}, {"progress", step}, {"message", "waiting for the operator"}}}};
}

Json mcp_error(const Json& id, int code, const char* message) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", message}}}};
}

}  // namespace botbottle::supervise
