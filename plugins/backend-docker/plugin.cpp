// The entry point: JSON text in, the operation, JSON text out.
#include <botbottle/plugin.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "bundle_files.h"
#include "handle.h"
#include "host-bottle/copy.h"
#include "host-bottle/fail.h"
#include "host-bottle/sessions.h"
#include "inventory.h"
#include "launch.h"
#include "life.h"
#include "probe.h"

namespace backend_docker {

class Plugin {
  public:
    static constexpr const char* kDescriptor = R"({
      "schema": "botbottle.plugin/1",
      "id": "docker",
      "kind": "backend",
      "version": ")" BOTBOTTLE_VERSION R"(",
      "summary": "containers without a network, by Docker or what speaks as it does",
      "extensions": ["botbottle.backend/1"],
      "host_env": ["DOCKER_HOST", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "BOTBOTTLE_DOCKER_BASE",
                   "BOTBOTTLE_PLACEMENT"],
      "programs": "image",
      "rebuilds_image": true,
      "settings": {}
    })";

    explicit Plugin(botbottle::plugin::Host host) : host_(host) {}

    std::string probe(std::string_view request) { return answer(request, backend_docker::probe); }
    std::string prepare(std::string_view request) {
        return answer(request, [this](const Json& document) {
            return backend_docker::prepare(document, host_);
        });
    }
    std::string launch(std::string_view request) {
        return answer(request, [this](const Json& document) {
            return backend_docker::launch(document, host_);
        });
    }
    std::string exec(std::string_view request) {
        return answer(request, [](const Json& document) {
            return host_bottle::exec(docker_bottle(document), document);
        });
    }
    std::string attach(std::string_view request) {
        return answer(request, [](const Json& document) {
            const Bottle bottle = docker_bottle(document);
            return host_bottle::attach(bottle, document, runs(document, bottle));
        });
    }
    std::string copy_in(std::string_view request) {
        return answer(request, [this](const Json& document) {
            if (handle_of(document).placement == Placement::bundle)
                return copy_into_bundle(document, host_);
            return host_bottle::copy_in(docker_bottle(document), handle_of(document).owner,
                                        document);
        });
    }
    std::string copy_out(std::string_view request) {
        return answer(request, [this](const Json& document) {
            if (handle_of(document).placement == Placement::bundle)
                return copy_out_of_bundle(document, host_);
            return host_bottle::copy_out(docker_bottle(document), document);
        });
    }
    std::string stop(std::string_view request) {
        return answer(request, [this](const Json& document) {
            return backend_docker::stop(document, host_);
        });
    }
    std::string list(std::string_view request) { return answer(request, backend_docker::list); }
    std::string leftovers(std::string_view request) {
        return answer(request, backend_docker::leftovers);
    }
    std::string remove(std::string_view request) { return answer(request, backend_docker::remove); }

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

}  // namespace backend_docker

BOTBOTTLE_PLUGIN(backend_docker::Plugin)
