// botbottle-tether as the launcher sees it: started with the engine's stream, it speaks to the
// relay in our place (docs/tether-protocol.md). Until it is told that the bottle exists, our end is
// its end, and with it the bottle's.
#pragma once

#include <chrono>
#include <string>

#include "handle.h"
#include "host-bottle/process.h"
#include "host-bottle/unique_fd.h"

namespace backend_docker {

class TetherProcess {
  public:
    TetherProcess(const Bottle& bottle, const std::string& sockets_dir, const UniqueFd& stream,
                  const UniqueFd& sessions, const UniqueFd& filter);
    TetherProcess(const TetherProcess&) = delete;
    TetherProcess& operator=(const TetherProcess&) = delete;

    const ProcessName& name() const { return name_; }
    const UniqueFd& process() const { return process_; }

    // Whether the relay has answered. Throws when it cannot go on, or is gone.
    bool ready(std::chrono::milliseconds timeout);
    // From here on the bottle lives without us.
    void commit();

  private:
    UniqueFd connection_;
    ProcessName name_ = {};
    UniqueFd process_;
};

}  // namespace backend_docker
