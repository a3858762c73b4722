#include "git-gate/request.h"

namespace botbottle::git_gate {
namespace {

constexpr std::string_view kSuffix = ".git/";

GitRequest refused(int status) noexcept {
    GitRequest request;
    request.status = status;
    return request;
}

}  // namespace

GitRequest read_request(std::string_view method, std::string_view target) noexcept {
    GitRequest request;
    const auto question = target.find('?');
    const std::string_view whole = target.substr(0, question);
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
    const auto suffix = whole.find(kSuffix);
    if (whole.empty() || whole[0] != '/' || suffix == std::string_view::npos) return refused(404);
    request.repo = whole.substr(1, suffix - 1);
    request.path = whole.substr(suffix + kSuffix.size() - 1);
    if (request.path == "/info/refs") {
        if (method != "GET") return refused(405);
        request.advertises = true;
        if (request.query == "service=git-receive-pack")
            request.service = Service::kPush;
        else if (request.query != "service=git-upload-pack")
            return refused(404);  // the dumb protocol, which reads files of the mirror
        return request;
    }
    if (request.path == "/git-receive-pack")
        request.service = Service::kPush;
    else if (request.path != "/git-upload-pack")
        return refused(404);
    if (method != "POST") return refused(405);
    if (!request.query.empty()) return refused(404);
    return request;
}

}  // namespace botbottle::git_gate
