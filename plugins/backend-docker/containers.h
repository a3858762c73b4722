// What is done with containers, by the Engine API.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "container.h"
#include "engine.h"

namespace backend_docker {

struct FoundContainer {
    std::string id;
    std::string name;
    std::string identity;
    std::string owner;  // as its label says
    std::string state;  // "created", "running", "exited", "removing", …
    pid_t pid = 0;      // of its first process, 0 when it does not run; not in a list
};

// By id or name. Nothing when there is none.
std::optional<FoundContainer> find_container(Engine& engine, const std::string& reference);

// Every container with this owner's label, whatever its state.
std::vector<FoundContainer> containers_of(Engine& engine, const std::string& owner);

// Makes it, in the place of one that an earlier launch of the same bottle left. Its id.
std::string create_container(Engine& engine, const ContainerPlan& plan);

void start_container(Engine& engine, const std::string& id);

// With its processes and its volumes; one that is gone already is no error. Only a container that
// its labels call ours.
void remove_container(Engine& engine, const FoundContainer& container);

// Whether this container is one of this user's bottles.
bool is_ours(const FoundContainer& container);

}  // namespace backend_docker
