#include "containers.h"

#include <unistd.h>

#include <chrono>
#include <thread>

#include "engine_error.h"

namespace backend_docker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kQuick{10'000};
// Making and starting wait for disks and for the engine's other work.
constexpr std::chrono::milliseconds kSlow{60'000};
constexpr std::chrono::milliseconds kRemoval{20'000};
constexpr std::chrono::milliseconds kRemovalPoll{50};

Call call(const char* method, std::string path, std::chrono::milliseconds timeout = kQuick) {
    Call made;
    made.method = method;
    made.path = std::move(path);
    made.timeout = timeout;
    return made;
}

void take_labels(FoundContainer& container, const Json& labels) {
    if (!labels.is_object()) return;
    container.identity = labels.value(kIdentityLabel, std::string());
    container.owner = labels.value(kOwnerLabel, std::string());
}

std::string without_slash(const std::string& name) {
    return name.starts_with('/') ? name.substr(1) : name;
}

// Waits until what is being removed, or what is left of the same bottle, has given the name back.
void free_name(Engine& engine, const std::string& name, const std::string& identity,
               const std::string& owner) {
    const auto deadline = Clock::now() + kRemoval;
    while (const auto found = find_container(engine, name)) {
        if (found->identity != identity || found->owner != owner) {
            fail("name_taken", "there is a container " + name + " that is none of this botbottle's",
                 "rename it: docker rename " + name + " NAME");
        }
        if (found->state == "running") {
            fail("already_running", "the bottle " + identity + " runs already");
        }
        if (found->state != "removing") remove_container(engine, *found);
        if (Clock::now() > deadline) {
            fail("engine_timeout", "the engine does not remove the container " + name);
        }
        std::this_thread::sleep_for(kRemovalPoll);
    }
}

}  // namespace

std::optional<FoundContainer> find_container(Engine& engine, const std::string& reference) {
    const Answer answer = engine.send(call("GET", "/containers/" + reference + "/json"));
    if (answer.status == 404) return std::nullopt;
    if (answer.status >= 400) throw engine_error("show a container", answer.status, answer.body);
    const Json document = Json::parse(answer.body, nullptr, false);
    try {
        FoundContainer found;
        found.id = document.at("Id").get<std::string>();
        found.name = without_slash(document.value("Name", std::string()));
        found.state = document.at("State").at("Status").get<std::string>();
        found.pid = document.at("State").value("Pid", 0);
        take_labels(found, document.at("Config").value("Labels", Json()));
        return found;
    } catch (const Json::exception& error) {
        fail("engine_protocol",
             std::string("the engine shows a container as none: ") + error.what());
    }
}

std::vector<FoundContainer> containers_of(Engine& engine, const std::string& owner) {
    const Json filters = {{"label", {std::string(kOwnerLabel) + "=" + owner}}};
    const Json listed = engine.ask(
        "list its containers",
        call("GET", "/containers/json" + query({{"all", "1"}, {"filters", filters.dump()}})));
    std::vector<FoundContainer> found;
    for (const Json& entry : listed) {
        FoundContainer container;
        container.id = entry.value("Id", std::string());
        container.state = entry.value("State", std::string());
        const Json names = entry.value("Names", Json::array());
        if (!names.empty() && names.front().is_string())
            container.name = without_slash(names.front().get<std::string>());
        take_labels(container, entry.value("Labels", Json()));
        found.push_back(std::move(container));
    }
    return found;
}

std::string create_container(Engine& engine, const ContainerPlan& plan) {
    const Json document = container_document(plan);
    const std::string name = container_name(plan.bottle.identity);
    Call create = call("POST", "/containers/create" + query({{"name", name}}), kSlow);
    create.body = document.dump();
    Answer answer = engine.send(create);
    if (answer.status == 409) {
        free_name(engine, name, plan.bottle.identity,
                  document.at("Labels").at(kOwnerLabel).get<std::string>());
        answer = engine.send(create);
    }
    if (answer.status >= 400)
        throw engine_error("make the bottle's container", answer.status, answer.body);
    const Json made = Json::parse(answer.body, nullptr, false);
    std::string id = made.is_object() ? made.value("Id", std::string()) : "";
    if (id.empty()) fail("engine_protocol", "the engine made a container without an id");
    return id;
}

void start_container(Engine& engine, const std::string& id) {
    engine.ask("start the bottle's container", call("POST", "/containers/" + id + "/start", kSlow));
}

void remove_container(Engine& engine, const FoundContainer& container) {
    if (!is_ours(container)) {
        fail("not_ours", "the container " + container.name + " is none of this user's bottles");
    }
    const Answer answer = engine.send(
        call("DELETE", "/containers/" + container.id + query({{"force", "1"}, {"v", "1"}}), kSlow));
    // Gone, or about to be.
    if (answer.status == 404 || answer.status == 409) return;
    if (answer.status >= 400)
        throw engine_error("remove the container " + container.name, answer.status, answer.body);
}

bool is_ours(const FoundContainer& container) {
    return is_identity(container.identity) &&
           container.name == container_name(container.identity) &&
           container.owner.starts_with(std::to_string(geteuid()) + ":/");
}

}  // namespace backend_docker
