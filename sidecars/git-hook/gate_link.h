// GateLink: the hook's end of the socket to its gate (docs/control-protocol.md). Blocking.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "control/descriptor.h"

namespace botbottle::git_hook {

class GateLink {
  public:
    explicit GateLink(control::Descriptor socket) : socket_(std::move(socket)) {}

    // `on_line` gets the text of each `line` event that comes before the answer.
    Result<nlohmann::json> call(std::string_view method, const nlohmann::json& params,
                                const std::function<void(const std::string&)>& on_line = {});

  private:
    bool send(std::string_view text);
    bool receive(std::string& line);

    control::Descriptor socket_;
    std::string received_;
    int next_id_ = 1;
};

}  // namespace botbottle::git_hook
