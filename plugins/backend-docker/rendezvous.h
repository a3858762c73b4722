// The launcher's side of the rendezvous with the relay (docs/session-protocol.md): how a process
// that an engine starts gets descriptors of ours.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "handle.h"
#include "host-bottle/unique_fd.h"

namespace backend_docker {

class Rendezvous {
  public:
    // Listens at the launch directory of the bottle, for the bottle's user alone.
    Rendezvous(const Bottle& bottle, Owner owner);
    Rendezvous(const Rendezvous&) = delete;
    Rendezvous& operator=(const Rendezvous&) = delete;
    ~Rendezvous();

    // True when a process `relay` has connected; it is then the only one that is talked to.
    bool accept(pid_t relay, std::chrono::milliseconds timeout);

    // Hands over the session socket and the filter.
    void hand_over(const UniqueFd& sessions, const UniqueFd& filter);

    // The relay's "R". False when nothing came in time. Throws when it cannot go on, or is gone.
    bool ready(std::chrono::milliseconds timeout);

    // From here on the bottle lives without us.
    void commit();

  private:
    std::string path_;
    UniqueFd listener_;
    UniqueFd relay_;
};

}  // namespace backend_docker
