// Warden: one bottle's owner. Answers its control connections, holds what the sidecars need to be
// started again, and ends when the bottle does.
#pragma once

#include <memory>

#include "control/descriptor.h"

namespace boost::asio {
class io_context;
}

namespace botbottle::warden {

// Lives on one thread, which is the process's main thread (see spawn.h). Must live until the
// io_context stopped running.
class Warden {
  public:
    // Serves the connection of the command that starts the bottle, and takes SIGTERM, SIGINT and
    // SIGHUP as "stop". When all is over it stops the io_context.
    Warden(boost::asio::io_context& io, control::Descriptor starter);
    ~Warden();
    Warden(const Warden&) = delete;
    Warden& operator=(const Warden&) = delete;

    // After that: lets go of every connection as soon as its last answer is written.
    void close();

    // Whether the bottle could not be started.
    bool failed() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace botbottle::warden
