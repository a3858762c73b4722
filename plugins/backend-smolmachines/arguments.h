// The words of every smolvm call, as pure functions. No shell, never a secret, "--" before every
// guest command, and nothing of an agent: its arguments and environment travel in files.
#pragma once

#include <string>
#include <vector>

#include "handle.h"
#include "host-bottle/forward.h"
#include "machine_limits.h"

namespace backend_smolmachines {

using Words = std::vector<std::string>;

struct MachinePlan {
    Bottle bottle;
    Handle handle;
    std::string sockets_dir;
    std::vector<Forward> forwards;
    std::string hostname;
};

Words create_words(const MachinePlan& plan);
Words start_words(const std::string& machine);
Words stop_words(const std::string& machine);
Words delete_words(const std::string& machine);
Words status_words(const std::string& machine);

enum class Exec {
    buffered,  // output at the end, no input
    detached,
    interactive,  // input and output as they come
    terminal,
};

// `user`: see Handle. `timeout_s`: smolvm's own limit, 0 for none.
Words exec_words(const std::string& machine, const std::string& user, Exec kind, unsigned timeout_s,
                 const Words& command);

// The guest's commands.
Words enter_command(const MachinePlan& plan);
Words health_command(const Owner& owner, long timeout_ms);

}  // namespace backend_smolmachines
