// What `smolvm machine ls --json` and `status --json` say. Keys are added often and none is relied
// on but the name.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backend_smolmachines {

struct Machine {
    std::string name;
    std::string state;  // "created", "running", "stopped", "failed", "unreachable", "frozen", …
    long pid = 0;       // as recorded: it may be stale; 0 for none
    bool network = false;
    std::map<std::string, std::string> labels;

    // A state in which something of it may run.
    bool alive() const;
    std::string label(const std::string& key) const;
};

// Nothing when the text is no such document. Entries without a name are left out.
std::optional<std::vector<Machine>> parse_machines(std::string_view text);
std::optional<Machine> parse_machine(std::string_view text);

}  // namespace backend_smolmachines
