// prepare: the image, the directories of a bottle, and the decisions that every later call needs.
#include <string>
#include <vector>

#include "container_limits.h"
#include "host-bottle/etc.h"
#include "host-bottle/fail.h"
#include "host-bottle/host_user.h"
#include "image.h"
#include "launch.h"

namespace backend_docker {
namespace {

void make_directories(const Bottle& bottle, Owner owner) {
    for (const std::string& path : {bottle.runtime_dir, bottle.place, launch_directory(bottle)})
        make_directory(path, 0700);
    give_to(launch_directory(bottle), owner);
    make_names(bottle.etc(), owner, "bottle");
    // In the place of the one that an engine copies from the host.
    write_file(bottle.etc() + "/" + kResolvers, "", 0644);
    for (const std::string& path : {bottle.home(), bottle.workspace()}) {
        make_directory(path, 0700);
        give_to(path, owner);
    }
}

}  // namespace

Json prepare(const Json& request, const botbottle::plugin::Host& host) {
    const Bottle bottle = docker_bottle(request);
    Engine engine(default_endpoint(), &host);
    std::vector<std::string> warnings;
    Handle handle;
    handle.engine = engine.endpoint().text;
    handle.owner = owner_for(bottle.identity);
    handle.limits = to_json(limits_of(request, warnings));
    const Image image = ensure_image(engine, image_source(request), host);
    handle.image = image.id;
    make_directories(bottle, handle.owner);
    return {{"handle", to_json(handle)},
            {"guest",
             {{"home", kGuestHome},
              {"workspace", kGuestWorkspace},
              {"user", "agent"},
              {"uid", handle.owner.uid},
              {"gid", handle.owner.gid},
              {"path", image.path}}},
            {"owner", {{"uid", handle.owner.uid}, {"gid", handle.owner.gid}}},
            {"host_paths", {{"workspace", bottle.workspace()}, {"home", bottle.home()}}},
            {"warnings", warnings}};
}

}  // namespace backend_docker
