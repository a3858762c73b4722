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

namespace backend_smolmachines {

class Plugin {
  public:
    static constexpr const char* kDescriptor = R"({
      "schema": "botbottle.plugin/1",
      "id": "smolmachines",
      "kind": "backend",
      "version": ")" BOTBOTTLE_VERSION R"(",
      "summary": "virtual machines without a network, by smolvm",
      "extensions": ["botbottle.backend/1"],
      "host_env": ["PATH", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "BOTBOTTLE_MACHINE_IMAGE", "DOCKER_HOST", "BOTBOTTLE_DOCKER_BASE"],
      "programs": "image",
      "rebuilds_image": true,
      "settings": {}
    })";

    explicit Plugin(botbottle::plugin::Host host) : host_(host) {}

    std::string probe(std::string_view request) {
        return answer(request, backend_smolmachines::probe);
    }
    std::string prepare(std::string_view request) {
        return answer(request, [this](const Json& document) {
            return backend_smolmachines::prepare(document, host_);
        });
    }
    std::string launch(std::string_view request) {
        return answer(request, [this](const Json& document) {
            return backend_smolmachines::launch(document, host_);
        });
    }
    std::string exec(std::string_view request) {
        return answer(request, [](const Json& document) {
            return host_bottle::exec(smol_bottle(document), document);
        });
    }
    std::string attach(std::string_view request) {
        return answer(request, [](const Json& document) {
            const Bottle bottle = smol_bottle(document);
            return host_bottle::attach(bottle, document, runs(bottle));
        });
    }
    std::string copy_in(std::string_view request) {
        return answer(request, [](const Json& document) {
            return host_bottle::copy_in(smol_bottle(document), handle_of(document).owner, document);
        });
    }
    std::string copy_out(std::string_view request) {
        return answer(request, [](const Json& document) {
            return host_bottle::copy_out(smol_bottle(document), document);
        });
    }
    std::string stop(std::string_view request) {
        return answer(request, [this](const Json& document) {
            return backend_smolmachines::stop(document, host_);
        });
    }
    std::string list(std::string_view request) {
        return answer(request, backend_smolmachines::list);
    }
    std::string leftovers(std::string_view request) {
        return answer(request, backend_smolmachines::leftovers);
    }
    std::string remove(std::string_view request) {
        return answer(request, backend_smolmachines::remove);
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

}  // namespace backend_smolmachines

BOTBOTTLE_PLUGIN(backend_smolmachines::Plugin)
