// prepare: the image, the directories of a bottle, and the decisions that every later call needs.
#include <string>
#include <vector>

#include "container_limits.h"
#include "host-bottle/etc.h"
#include "host-bottle/fail.h"
#include "host-bottle/host_user.h"
#include "image.h"
#include "launch.h"
#include "probe.h"

namespace backend_docker {
namespace {

void make_directories(const Bottle& bottle, const Handle& handle) {
    const Owner owner = handle.owner;
    for (const std::string& path : {bottle.runtime_dir, bottle.place})
        make_directory(path, 0700);
    if (handle.placement == Placement::bundle) return make_names(bottle.etc(), owner, "bottle");
    make_directory(launch_directory(bottle), 0700);
    give_to(launch_directory(bottle), owner);
    make_names(bottle.etc(), owner, "bottle");
    // In the place of the one that an engine copies from the host.
    write_file(bottle.etc() + "/" + kResolvers, "", 0644);
    for (const std::string& path : {bottle.home(), bottle.workspace()}) {
        make_directory(path, 0700);
        give_to(path, owner);
    }
}

// A bottle that is resumed stays what it was: its workspace and conversation were kept that way.
Placement placement_of(const Bottle& bottle, const Endpoint& endpoint) {
    const std::string path = bottle.state_dir + "/placement";
    const Placement wanted = placement_for(endpoint);
    const auto kept = read_file(path);
    if (!kept) {
        write_file(path, placement_name(wanted), 0600);
        return wanted;
    }
    const Placement was =
        *kept == placement_name(Placement::bundle) ? Placement::bundle : Placement::host;
    if (was == wanted || (!is_placement_asked_for() && endpoint.is_local())) return was;
    fail("other_placement",
         "the bottle was started with placement " + *kept + ", and is resumed with it",
         was == Placement::host ? "set DOCKER_HOST to an engine of this machine"
                                : "leave --placement out, or say bundle");
}

}  // namespace

Json prepare(const Json& request, const botbottle::plugin::Host& host) {
    const Bottle bottle = docker_bottle(request);
    Engine engine(default_endpoint(), &host);
    std::vector<std::string> warnings;
    Handle handle;
    handle.engine = engine.endpoint().text;
    handle.placement = placement_of(bottle, engine.endpoint());
    const bool bundle = handle.placement == Placement::bundle;
    handle.owner = bundle ? kBundleOwner : owner_for(bottle.identity);
    handle.limits = to_json(limits_of(request, warnings));
    Image image = ensure_image(engine, image_source(request), host);
    make_directories(bottle, handle);
    if (bundle) image = ensure_bundle(engine, image, bottle.libexec_dir, bottle.etc(), host);
    handle.image = image.id;
    if (!engine.endpoint().is_local()) {
        warnings.push_back("the connection to " + engine.endpoint().text +
                           " is not encrypted: whoever is on its way sees and can change what the "
                           "agent and its programs send");
    }
    Json reply = {{"handle", to_json(handle)},
                  {"guest",
                   {{"home", kGuestHome},
                    {"workspace", kGuestWorkspace},
                    {"user", "agent"},
                    {"uid", handle.owner.uid},
                    {"gid", handle.owner.gid},
                    {"path", image.path}}},
                  {"warnings", warnings}};
    // A bundle's workspace and home exist only inside, and its user is none of this machine.
    if (!bundle) {
        reply["owner"] = {{"uid", handle.owner.uid}, {"gid", handle.owner.gid}};
        reply["host_paths"] = {{"workspace", bottle.workspace()}, {"home", bottle.home()}};
    }
    return reply;
}

}  // namespace backend_docker
