// DetachKeys: finds Ctrl-] d in what the operator types. Ctrl-] Ctrl-] is one Ctrl-] for the
// session.
#pragma once

#include <string>
#include <string_view>

namespace botbottle::session {

class DetachKeys {
  public:
    // Appends what is for the session to `forward`. True: the operator wants to leave; the rest of
    // `typed` is dropped.
    bool feed(std::string_view typed, std::string& forward);

  private:
    std::string held_;  // the prefix key as it came, until the next key says what it meant
};

}  // namespace botbottle::session
