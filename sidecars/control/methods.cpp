// A table of request handlers by name.
#include "control/methods.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace botbottle::control {

Methods& Methods::on(std::string name, Handler handler) {
    handlers_.insert_or_assign(std::move(name), std::move(handler));
    return *this;
}

void Methods::operator()(std::string_view method, Json& params, Reply reply) const {
    const auto found = handlers_.find(method);
    if (found == handlers_.end())
        return reply.error({"unknown_method", "there is no method " + std::string(method), {}});
    found->second(params, std::move(reply));
}

}  // namespace botbottle::control
