// Holds: requests in which the scanner found something and whose route says `dlp: hold`. Each waits
// here until the operator has answered, its time is over, or nobody wants it any more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace botbottle::egress {

// What the operator is told: rule and place, never what was found.
struct HeldRequest {
    std::string_view rule;
    std::string_view reason;
    std::string_view method;
    std::string_view scheme;
    std::string_view authority;
    std::string_view path;
};

// Thread-safe.
class Holds {
  public:
    Holds();

    using Tell = std::function<void(std::string event, nlohmann::json params)>;
    // Who carries questions to the operator; called on any thread. Before the first request.
    void set_tell(Tell tell);

    // The hold's name; empty when nobody can be asked or too many wait already. `answered` is
    // called at most once, on the thread that calls answer(), and not after end().
    std::string ask(const HeldRequest& request, std::function<void(bool allowed)> answered);
    // false: there is none of that name any more.
    bool answer(const std::string& name, bool allowed);
    // Nobody waits for it any more.
    void end(const std::string& name);

  private:
    const std::string prefix_;  // of this process: a later one's holds have other names
    std::mutex mutex_;
    Tell tell_;
    std::uint64_t asked_ = 0;
    std::map<std::string, std::function<void(bool)>> waiting_;
};

}  // namespace botbottle::egress
