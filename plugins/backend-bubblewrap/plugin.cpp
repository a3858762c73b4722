// The entry point: JSON text in, the operation, JSON text out.
#include <botbottle/plugin.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "handle.h"
#include "host-bottle/copy.h"
#include "host-bottle/fail.h"
#include "host-bottle/sessions.h"
#include "inventory.h"
#include "launch.h"
#include "life.h"
#include "probe.h"

namespace backend_bubblewrap {

class Plugin {
  public:
    static constexpr const char* kDescriptor = R"({
      "schema": "botbottle.plugin/1",
      "id": "bubblewrap",
      "kind": "backend",
      "version": ")" BOTBOTTLE_VERSION R"(",
      "summary": "Linux namespaces by bubblewrap: no daemon, no root, no image",
      "extensions": ["botbottle.backend/1"],
      "host_env": [],
      "settings": {}
    })";

    explicit Plugin(botbottle::plugin::Host host) : host_(host) {}

    std::string probe(std::string_view request) {
        return answer(request, backend_bubblewrap::probe);
    }
    std::string prepare(std::string_view request) {
        return answer(request, backend_bubblewrap::prepare);
    }
    std::string launch(std::string_view request) {
        return answer(request, [this](const Json& document) {
            return backend_bubblewrap::launch(document, host_);
        });
    }
    std::string exec(std::string_view request) {
        return answer(request, [](const Json& document) {
            return host_bottle::exec(bottle_of(document), document);
        });
    }
    std::string attach(std::string_view request) {
        return answer(request, [](const Json& document) {
            const Bottle bottle = bottle_of(document);
            return host_bottle::attach(bottle, document, runs(document, bottle));
        });
    }
    std::string copy_in(std::string_view request) {
        return answer(request, [](const Json& document) {
            return host_bottle::copy_in(bottle_of(document), handle_of(document).owner, document);
        });
    }
    std::string copy_out(std::string_view request) {
        return answer(request, [](const Json& document) {
            return host_bottle::copy_out(bottle_of(document), document);
        });
    }
    std::string stop(std::string_view request) { return answer(request, backend_bubblewrap::stop); }
    std::string list(std::string_view request) { return answer(request, backend_bubblewrap::list); }
    std::string leftovers(std::string_view request) {
        return answer(request, backend_bubblewrap::leftovers);
    }
    std::string remove(std::string_view request) {
        return answer(request, backend_bubblewrap::remove);
    }

  private:
    template <typename Operation>
    static std::string answer(std::string_view text, Operation&& operation) {
        Json reply;
        try {
            reply = operation(Json::parse(text));
        } catch (const Json::exception& error) {  // a member is missing or of another type
            fail_invalid(error.what());
        }
        // Output of the bottle and names of its files need not be UTF-8.
        return reply.dump(-1, ' ', false, Json::error_handler_t::replace);
    }

    botbottle::plugin::Host host_;
};

}  // namespace backend_bubblewrap

BOTBOTTLE_PLUGIN(backend_bubblewrap::Plugin)
