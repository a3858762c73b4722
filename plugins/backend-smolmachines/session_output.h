// What a session's program writes to stderr, and what smolvm itself says there, come mixed.
// smolvm's own last words are told by us, in our words: so a line that begins like them is held
// back until it is known whose it is.
#pragma once

#include <string>
#include <string_view>

namespace backend_smolmachines {

class ErrorStream {
  public:
    // What may be passed on now. The rest waits for more, or for flush().
    std::string feed(std::string_view bytes);

    // What is held back.
    bool holds() const { return !held_.empty(); }
    std::string flush();
    const std::string& held() const { return held_; }

  private:
    std::string held_;
    bool line_start_ = true;
};

// The outcome that the machine's client wrote, as one line of JSON with an "outcome"; empty when
// the text is something else.
std::string checked_outcome(std::string_view text);

// {"outcome": "failed", …} from smolvm's own words. `named`: the session goes on without a client.
std::string failed_outcome(int exit_code, std::string_view errors);

// 128+n, 125 and the rest, as botbottle-session has them.
int exit_code_of(std::string_view outcome);

}  // namespace backend_smolmachines
