// prepare: the image's archive, the directories of a bottle, and the decisions that every later
// call needs.
#include <unistd.h>

#include <cstdlib>

#include "exchange.h"
#include "host-bottle/etc.h"
#include "host-bottle/fail.h"
#include "image.h"
#include "launch.h"
#include "platform.h"
#include "smolvm.h"

namespace backend_smolmachines {
namespace {

constexpr const char* kResolvers = "resolv.conf";

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

void refuse_root() {
    if (geteuid() != 0) return;
    fail_unavailable(
        "root_refused",
        "smolvm gives root's machines to users of their own, who may not write a bottle's files",
        "run botbottle as an ordinary user, or use --backend bubblewrap");
}

// What smolvm would refuse at create, or answer with a machine that never boots.
void refuse_paths(const Bottle& bottle) {
    if (bottle.state_dir.find(':') != std::string::npos)
        fail("mount_refused", bottle.state_dir + " holds a ':', which smolvm's mounts cannot",
             "put BOT_BOTTLE_HOME somewhere else");
    const auto real = real_path(bottle.state_dir);
    if (is_protected(kPlatform, real.value_or(bottle.state_dir)))
        fail("mount_refused", "smolvm mounts nothing below " + bottle.state_dir,
             "put BOT_BOTTLE_HOME somewhere else, such as your home directory");
    const std::string socket =
        agent_socket(kPlatform, variable("HOME"), variable("XDG_CACHE_HOME"));
    if (socket.size() > longest_socket_path(kPlatform))
        fail("path_too_long",
             "smolvm's directory has so long a path that its machines would not boot",
             "set XDG_CACHE_HOME to a shorter one");
}

// `exec` runs as the image's user, and what makes the bottle's view must be root.
std::string user_for(const MachineImage& image, const Features& features) {
    const bool root = image.image.user.empty() || image.image.user == "root" ||
                      image.image.user == "0" || image.image.user.starts_with("0:") ||
                      image.image.user.starts_with("root:");
    if (root) return {};
    if (features.user) return "0";
    fail("image_user",
         image.file + " runs its programs as \"" + image.image.user +
             "\", and this smolvm cannot start one as root",
         "update smolvm to 1.14.5 or newer, or save an image without USER");
}

void make_directories(const Bottle& bottle, Owner owner) {
    make_directory(bottle.runtime_dir, 0700);
    make_exchange(bottle);
    make_names(bottle.etc(), owner, "bottle");
    write_file(bottle.etc() + "/" + kResolvers, "", 0644);
    for (const std::string& path : {bottle.home(), bottle.workspace()})
        make_directory(path, 0700);
}

}  // namespace

Json prepare(const Json& request, const botbottle::plugin::Host& host) {
    const Bottle bottle = smol_bottle(request);
    refuse_root();
    const Smolvm smolvm(require_smolvm(), &host);
    std::vector<std::string> warnings;
    if (const SmolvmVersion version = smolvm.version(); version < kSupported)
        warnings.push_back("smolvm " + version.text() + " is older than " + kSupported.text() +
                           ", from which on botbottle supports it");
    const Features features = smolvm.features();
    refuse_paths(bottle);
    Handle handle;
    handle.smolvm = smolvm.path();
    handle.machine = machine_name(bottle.identity, home_label(parent_of(bottle.state_dir)));
    handle.owner = {geteuid(), getegid()};
    handle.limits = to_json(limits_of(request, warnings));
    const MachineImage image = ensure_archive(request, host);
    handle.image = image.file;
    handle.user = user_for(image, features);
    make_directories(bottle, handle.owner);
    return {{"handle", to_json(handle)},
            {"guest",
             {{"home", kGuestHome},
              {"workspace", kGuestWorkspace},
              {"user", "agent"},
              {"uid", handle.owner.uid},
              {"gid", handle.owner.gid},
              {"path", image.image.path}}},
            {"owner", {{"uid", handle.owner.uid}, {"gid", handle.owner.gid}}},
            {"host_paths", {{"workspace", bottle.workspace()}, {"home", bottle.home()}}},
            {"rebuilds_image", image.built},
            {"warnings", warnings}};
}

}  // namespace backend_smolmachines
