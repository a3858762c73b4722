#include "supervise/pages.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "supervise/service.h"

namespace botbottle::supervise {
namespace {

constexpr std::string_view kProposals = "/proposals";
constexpr std::string_view kWait = "wait=";

constexpr const char* kHelp =
    "This bottle's network is a list of routes. To ask the operator for another one:\n"
    "\n"
    "  curl -s http://127.0.0.1:9100/proposals -d '{\"host\": \"api.example.com\",\n"
    "    \"methods\": [\"GET\"], \"justification\": \"why the task needs it\"}'\n"
    "  curl -s 'http://127.0.0.1:9100/proposals/<proposal_id>?wait=60'\n"
    "\n"
    "Also: ports, path_allowlist, auth {scheme, token_ref}; GET /routes lists what is allowed "
    "now.\n"
    "After an approval repeat the request that was denied: nothing has to be restarted.\n"
    "A push that git refused with a proposal_id waits for the operator; to say why it should go:\n"
    "\n"
    "  curl -s http://127.0.0.1:9100/proposals/<proposal_id> -d '{\"justification\": \"…\"}'\n"
    "\n"
    "Push the same commits again once it is approved.\n"
    "Agents that speak MCP find the same as tools at http://127.0.0.1:9100/mcp.\n";

constexpr const char* kImageHelp =
    "\n"
    "A program that is not installed can be asked for with the whole text of another Dockerfile;\n"
    "GET /dockerfile shows the present one:\n"
    "\n"
    "  jq -Rs '{dockerfile: ., justification: \"why the task needs it\"}' Dockerfile |\n"
    "    curl -s http://127.0.0.1:9100/proposals -d @-\n"
    "\n"
    "Once it is approved the image is this bottle's from the operator's next resume on.\n";

Page error(int status, const char* code, const char* message) {
    return {
        status, {}, {{{"status", "error"}, {"error", code}, {"message", message}}, true, {}, {}}};
}

// Nothing for no number.
std::optional<unsigned> wait_of(std::string_view query) {
    if (query.empty()) return 0;
    if (!query.starts_with(kWait)) return std::nullopt;
    query.remove_prefix(kWait.size());
    unsigned seconds = 0;
    const auto read = std::from_chars(query.data(), query.data() + query.size(), seconds);
    if (read.ec != std::errc() || read.ptr != query.data() + query.size()) return std::nullopt;
    return seconds;
}

Page finished(CallResult result) {
    const int status = !result.is_error                               ? 200
                       : result.answer["error"] == "unknown_proposal" ? 404
                       : result.answer["error"] == "too_many_open"    ? 429
                       : result.answer["error"] == "queue_failed"     ? 503
                                                                      : 400;
    return {status, {}, std::move(result)};
}

Page propose(Service& service, std::string_view body, unsigned wait) {
    const auto document = parse_document(body);
    if (!document) return error(400, "not_json", "the body must be a JSON object");
    // A Dockerfile's text names what is asked for.
    const bool image = document->is_object() && document->contains("dockerfile");
    CallResult result = call_tool(service, image ? "capability-block" : "egress-block", *document);
    result.budget = std::min(kLongestWait, std::chrono::seconds(wait));
    return finished(std::move(result));
}

Page give_reason(Service& service, std::string_view id, std::string_view body, unsigned wait) {
    auto document = parse_document(body);
    if (!document || !document->is_object())
        return error(400, "not_json", "the body must be a JSON object");
    (*document)["proposal_id"] = id;
    CallResult result = call_tool(service, "push-block", *document);
    result.budget = std::min(kLongestWait, std::chrono::seconds(wait));
    return finished(std::move(result));
}

// What comes after "/proposals/"; empty: nothing does.
std::string_view id_in(std::string_view path) {
    if (!path.starts_with(kProposals) || path.size() <= kProposals.size() + 1 ||
        path[kProposals.size()] != '/')
        return {};
    return path.substr(kProposals.size() + 1);
}

}  // namespace

Page answer_page(Service& service, const PageRequest& request) {
    const auto mark = request.target.find('?');
    const std::string_view path = request.target.substr(0, mark);
    const auto wait = wait_of(mark == std::string_view::npos ? std::string_view()
                                                             : request.target.substr(mark + 1));
    if (!wait) return error(400, "bad_query", "the query is wait=SECONDS");
    const bool get = request.method == "GET";
    if (path == "/" && get)
        return {200, service.dockerfile() ? std::string(kHelp) + kImageHelp : kHelp, {}};
    if (path == "/routes" && get)
        return finished(call_tool(service, "list-egress-routes", Json::object()));
    if (path == "/dockerfile" && get && service.dockerfile())
        return {200, *service.dockerfile(), {}};
    if (path == kProposals && request.method == "POST")
        return propose(service, request.body, *wait);
    const std::string_view id = id_in(path);
    if (!id.empty() && get)
        return finished(
            call_tool(service, "check-proposal", {{"proposal_id", id}, {"wait_seconds", *wait}}));
    if (!id.empty() && request.method == "POST")
        return give_reason(service, id, request.body, *wait);
    if (path == "/" || path == "/routes" || path == kProposals || path == "/mcp")
        return error(405, "method_not_allowed", "not with this method");
    return error(404, "not_found", "GET / tells what there is");
}

}  // namespace botbottle::supervise
