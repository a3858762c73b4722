// Sidecar: keeps one child process alive. It is started, told what it needs over its control
// connection, and started again on the same descriptors when it dies, within a budget; beyond that
// it stays down.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "control/descriptor.h"

namespace boost::asio {
class io_context;
}

namespace botbottle::warden {

struct SidecarPlan {
    std::string name;
    std::string program;
    // The child's descriptors from 4 on; 3 is its control connection.
    std::vector<control::Descriptor> descriptors;
    // The params of its first message, `start`. Made anew for each start, since they carry secrets,
    // and made while the child is already on its way.
    std::function<Result<nlohmann::json>()> start_params;
};

// Called from the io_context's thread, never from inside a call of Sidecar.
struct SidecarEvents {
    std::function<void(pid_t pid, const std::string& status)> died;
    std::function<void(pid_t pid)> restarted;
    std::function<void()> gave_up;
    // What it tells of itself; may be empty.
    std::function<void(std::string_view event, const nlohmann::json& params)> told = nullptr;
};

// Must live until the io_context stopped running. `done` of start() and stop() is not called from
// inside them.
class Sidecar {
  public:
    Sidecar(boost::asio::io_context& io, SidecarPlan plan, SidecarEvents events);
    ~Sidecar();
    Sidecar(const Sidecar&) = delete;
    Sidecar& operator=(const Sidecar&) = delete;

    // The first start: `done` says whether the sidecar answered `start`. One that fails here is not
    // tried again.
    void start(std::function<void(Result<void>)> done);

    // Asks the sidecar. "sidecar_down" while there is none to ask.
    void call(std::string_view method, const nlohmann::json& params,
              std::function<void(Result<nlohmann::json>)> done);

    // Closes its control connection, which ends it; kills it when it still lives after `grace`.
    void stop(std::chrono::milliseconds grace, std::function<void()> done);

    nlohmann::json status() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace botbottle::warden
