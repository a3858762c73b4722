// CredentialWatch: reads credentials again when the operator's files change, and notices when one
// that is held has expired.
//
// inotify says at once that a file was written or replaced; a timer looks besides, for file systems
// that say nothing, and for the time of expiry, which the clock of a laptop may reach while it
// sleeps. A file that is gone or cannot be read changes nothing: what is held is good until it
// expires.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "warden/credential_file.h"

namespace boost::asio {
class io_context;
}

namespace botbottle::warden {

// `done(false)` says that it could not be handed on, and is told again later.
struct CredentialEvents {
    std::function<void(const std::string& slot, Secret value, std::function<void(bool)> done)>
        renewed;
    std::function<void(const std::string& slot, const std::string& reason, const std::string& hint,
                       std::function<void(bool)> done)>
        expired;
};

class CredentialWatch {
  public:
    // `held`: the values that are in use, by slot.
    CredentialWatch(boost::asio::io_context& io, const std::vector<CredentialFile>& files,
                    const std::map<std::string, Secret>& held, CredentialEvents events);
    ~CredentialWatch();
    CredentialWatch(const CredentialWatch&) = delete;
    CredentialWatch& operator=(const CredentialWatch&) = delete;

    // Whoever was told has forgotten why a slot has no value.
    void tell_again();

  private:
    struct State;
    std::shared_ptr<State> state_;  // shared with what is under way
};

}  // namespace botbottle::warden
