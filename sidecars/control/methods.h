// Methods: a table of request handlers by name, the usual Callbacks::on_request.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "control/connection.h"

namespace botbottle::control {

class Methods {
  public:
    using Handler = std::function<void(Json& params, Reply reply)>;

    Methods& on(std::string name, Handler handler);

    // Calls the handler of that name; a name that is not in the table is answered "unknown_method".
    void operator()(std::string_view method, Json& params, Reply reply) const;

  private:
    std::map<std::string, Handler, std::less<>> handlers_;
};

}  // namespace botbottle::control
