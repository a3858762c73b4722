#include "health.h"

#include <nlohmann/json.hpp>

#include "host-bottle/fail.h"

namespace backend_smolmachines {
namespace {

using Json = nlohmann::json;
using host_bottle::fail;

}  // namespace

Health parse_health(std::string_view text) {
    const Json document = Json::parse(text, nullptr, false);
    try {
        Health health;
        document.at("ready").get_to(health.ready);
        document.at("failure").get_to(health.failure);
        document.at("loopback").get_to(health.loopback);
        document.at("writable").get_to(health.writable);
        document.at("owner").get_to(health.owner);
        for (const Json& leak : document.at("leaks"))
            health.leaks += (health.leaks.empty() ? "" : ", ") + leak.get<std::string>();
        while (health.failure.ends_with('\n'))
            health.failure.pop_back();
        return health;
    } catch (const Json::exception&) {
        fail("machine_unhealthy",
             "the machine does not say how it is: \"" + std::string(text.substr(0, 100)) + "\"",
             "is its image made for this machine's processor?");
    }
}

void refuse_leaks(const Health& health) {
    if (health.leaks.empty()) return;
    fail("machine_leaks",
         "the machine reaches more than botbottle's sockets, so no agent is let into it: " +
             health.leaks,
         "it was made without --net: does smolvm's configuration (~/.config/smolvm) give machines "
         "a network?");
}

void refuse_unhealthy(const Health& health, host_bottle::Owner owner) {
    refuse_leaks(health);
    if (!health.failure.empty())
        fail("machine_unhealthy", "the bottle could not be made in its machine: " + health.failure,
             "botbottle needs namespaces and system call filters of the machine's kernel: update "
             "smolvm");
    if (health.owner != static_cast<long>(owner.uid))
        fail("machine_unhealthy",
             "the machine sees the workspace as user " + std::to_string(health.owner) +
                 "'s, and it is " + std::to_string(owner.uid) + "'s",
             "update smolvm to 1.14.5 or newer, which keeps the owners of mounted files");
    if (!health.writable)
        fail("machine_unhealthy", "the machine cannot write the workspace",
             "update smolvm to 1.14.5 or newer, and do not run it as root");
    if (!health.ready)
        fail("machine_unhealthy", "the bottle's relay did not answer in its machine",
             "`smolvm machine data-dir -n NAME` has the machine's console log");
}

}  // namespace backend_smolmachines
