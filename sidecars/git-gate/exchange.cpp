#include "git-gate/exchange.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "git-gate/gate.h"
#include "git-gate/git_command.h"

namespace botbottle::git_gate {
namespace {

using control::Descriptor;

constexpr int kHookDescriptor = 3;

std::vector<std::pair<std::string, std::string>> settings(const Gate& gate, const Repo& repo) {
    return {
        {"core.hooksPath", gate.home().directory + "/hooks"},
        {"http.receivepack", "true"},
        {"http.uploadpack", "true"},
        {"http.getanyfile", "false"},
        // Rules are the hook's: what it lets through, git must not refuse for another reason.
        {"receive.denyDeleteCurrent", "ignore"},
        {"receive.denyDeletes", "false"},
        {"receive.maxInputSize", std::to_string(repo.rules.max_push_bytes)},
        {"receive.advertisePushOptions", "false"},
        {"receive.autogc", "false"},
        {"gc.auto", "0"},
        // Partial clones ask for single objects later; all that the mirror has is theirs to read.
        {"uploadpack.allowFilter", "true"},
        {"uploadpack.allowAnySHA1InWant", "true"}};
}

std::vector<std::string> environment(const Gate& gate, const Repo& repo,
                                     const BackendRequest& request) {
    auto list = git_environment(gate.home());
    const auto add = [&](const char* name, const std::string& value) {
        list.push_back(std::string(name) + '=' + value);
    };
    add("GATEWAY_INTERFACE", "CGI/1.1");
    add("REQUEST_METHOD", request.method);
    add("GIT_PROJECT_ROOT", gate.home().directory);
    add("GIT_HTTP_EXPORT_ALL", "1");
    add("PATH_INFO", request.repo_path);
    add("QUERY_STRING", request.query);
    add("REMOTE_USER", "agent");
    add("REMOTE_ADDR", "bottle");
    add("CONTENT_TYPE", request.content_type);
    if (request.length) add("CONTENT_LENGTH", std::to_string(*request.length));
    if (!request.content_encoding.empty()) add("HTTP_CONTENT_ENCODING", request.content_encoding);
    if (!request.git_protocol.empty()) {
        add("HTTP_GIT_PROTOCOL", request.git_protocol);
        add("GIT_PROTOCOL", request.git_protocol);
    }
    if (request.pushes) add("BOTBOTTLE_GATE", std::to_string(kHookDescriptor));
    const auto configured = settings(gate, repo);
    add("GIT_CONFIG_COUNT", std::to_string(configured.size()));
    for (std::size_t i = 0; i < configured.size(); ++i) {
        add(("GIT_CONFIG_KEY_" + std::to_string(i)).c_str(), configured[i].first);
        add(("GIT_CONFIG_VALUE_" + std::to_string(i)).c_str(), configured[i].second);
    }
    return list;
}

}  // namespace

Result<std::shared_ptr<Client::Exchange>> Client::Exchange::start(Gate& gate, Mirror& mirror,
                                                                  const BackendRequest& request) {
    auto exchange = std::make_shared<Exchange>(gate.io());
    auto input = make_pipe();
    if (!input) return tl::make_unexpected(input.error());
    auto output = make_pipe();
    if (!output) return tl::make_unexpected(output.error());
    ChildPlan plan;
    plan.argv = {"git", "http-backend"};
    plan.environment = environment(gate, mirror.repo(), request);
    plan.directory = gate.home().directory;
    plan.descriptors = {input->read.get(), output->write.get(), -1};
    Descriptor theirs;
    if (request.pushes) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            return failure("child",
                           std::string("cannot make a socket pair: ") + std::strerror(errno));
        theirs = Descriptor(ends[1]);
        plan.descriptors.push_back(theirs.get());
        exchange->session = PushSession::open(gate, Descriptor(ends[0]), mirror);
    }
    plan.descriptors.push_back(gate.home().lock);
    auto child = Child::start(gate.io(), plan);
    if (!child) {
        if (exchange->session) exchange->session->close();
        return tl::make_unexpected(child.error());
    }
    exchange->child = *std::move(child);
    exchange->input.assign(input->write.release());
    exchange->output.assign(output->read.release());
    return exchange;
}

}  // namespace botbottle::git_gate
