#include "image.h"

#include <cstdlib>
#include <optional>

#include "build_context.h"
#include "build_output.h"
#include "engine_error.h"
#include "host-bottle/bottle.h"
#include "host-bottle/files.h"
#include "probe.h"

namespace backend_docker {
namespace {

using host_bottle::absolute_path;
using host_bottle::fail;

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* kWithoutProvider = "run";
constexpr std::size_t kShownAddress = 16;
constexpr std::chrono::milliseconds kBuildTimeout{3'600'000};

// <prefix>/libexec/botbottle → <prefix>/share/botbottle/images
std::string images_directory(const Json& request) {
    const std::string libexec = absolute_path(request, "libexec_dir");
    return host_bottle::parent_of(host_bottle::parent_of(libexec)) + "/share/botbottle/images";
}

std::optional<Image> find_image(Engine& engine, const std::string& tag) {
    Call call;
    call.method = "GET";
    call.path = "/images/" + tag + "/json";
    const Answer answer = engine.send(call);
    if (answer.status == 404) return std::nullopt;
    if (answer.status >= 400) throw engine_error("look for an image", answer.status, answer.body);
    return image_of(Json::parse(answer.body, nullptr, false));
}

void build(Engine& engine, const ImageSource& source, const BuildContext& context,
           const std::string& tag, const botbottle::plugin::Host& host) {
    // It may take minutes: not on an engine that no bottle starts on.
    refuse_unusable(engine);
    host.progress("image", "building the image " + tag + " from " + source.dockerfile);
    BuildOutput output([&](const std::string& line) { host.progress("image", line); });
    Json arguments = Json::object();
    if (!source.base.empty()) arguments["BASE"] = source.base;
    Call call;
    call.method = "POST";
    call.path = "/build" + query({{"t", tag},
                                  {"dockerfile", context.dockerfile},
                                  {"buildargs", arguments.dump()},
                                  {"rm", "1"},
                                  {"forcerm", "1"}});
    call.body = context.archive;
    call.content_type = "application/x-tar";
    call.timeout = kBuildTimeout;
    call.on_data = [&](std::string_view bytes) { output.add(bytes); };
    const Answer answer = engine.send(call);
    if (answer.status >= 400) throw engine_error("build the image", answer.status, answer.body);
    if (const std::string failure = output.failure(); !failure.empty()) {
        fail("image_build_failed", source.dockerfile + " could not be built: " + failure,
             source.own ? "mend the Dockerfile"
                        : "the base image and the packages come from the "
                          "network: is there one?");
    }
}

}  // namespace

ImageSource image_source(const Json& request) {
    ImageSource source;
    const Json image = request.value("image", Json::object());
    const Json name = image.value("provider", Json());
    source.name = name.is_string() ? name.get<std::string>() : kWithoutProvider;
    const char* const base = std::getenv("BOTBOTTLE_DOCKER_BASE");
    if (base != nullptr) source.base = base;
    if (image.contains("dockerfile") && image.at("dockerfile").is_string()) {
        source.dockerfile = absolute_path(image, "dockerfile");
        source.own = true;
        return source;
    }
    if (!host_bottle::is_identity(source.name)) host_bottle::fail_invalid("image.provider");
    source.dockerfile = images_directory(request) + "/Dockerfile." + source.name;
    if (!host_bottle::exists(source.dockerfile)) {
        fail("no_image", "there is no image for the provider \"" + source.name + "\"",
             "name a Dockerfile that installs its program: agent_provider.dockerfile");
    }
    return source;
}

Image ensure_image(Engine& engine, const ImageSource& source, const botbottle::plugin::Host& host) {
    const BuildContext context =
        source.own ? with_directory(source.dockerfile) : lone_dockerfile(source.dockerfile);
    const std::string address = content_address(context, source.base);
    const std::string tag = "botbottle/" + source.name + ":" + address.substr(0, kShownAddress);
    if (auto found = find_image(engine, tag)) return *found;
    build(engine, source, context, tag, host);
    if (auto built = find_image(engine, tag)) return *built;
    fail("no_image", "the engine built " + tag + " and has no such image");
}

Image ensure_bundle(Engine& engine, const Image& image, const std::string& libexec_dir,
                    const std::string& names, const botbottle::plugin::Host& host) {
    const BuildContext context = bundle_context(image.id, libexec_dir, names);
    const std::string tag =
        "botbottle/bundle:" + content_address(context, "").substr(0, kShownAddress);
    if (auto found = find_image(engine, tag)) return *found;
    ImageSource source;
    source.dockerfile = "the image of the bottle";
    build(engine, source, context, tag, host);
    if (auto built = find_image(engine, tag)) return *built;
    fail("no_image", "the engine built " + tag + " and has no such image");
}

Image image_of(const Json& inspection) {
    Image image{inspection.value("Id", std::string()), kDefaultPath};
    if (image.id.empty()) fail("engine_protocol", "the engine shows an image without an id");
    const Json config = inspection.value("Config", Json::object());
    const Json environment = config.is_object() ? config.value("Env", Json()) : Json();
    if (!environment.is_array()) return image;
    for (const Json& variable : environment) {
        const std::string text = variable.is_string() ? variable.get<std::string>() : "";
        if (text.starts_with("PATH=/")) image.path = text.substr(5);
    }
    return image;
}

}  // namespace backend_docker
