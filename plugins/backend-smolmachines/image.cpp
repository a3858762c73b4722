// Names in the cache are digests of what is in them, so nothing there is ever out of date.
#include "image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "backend-docker/engine.h"
#include "backend-docker/engine_error.h"
#include "backend-docker/image.h"
#include "host-bottle/fail.h"

namespace backend_smolmachines {
namespace {

constexpr const char* kVariable = "BOTBOTTLE_MACHINE_IMAGE";
constexpr std::chrono::milliseconds kSaveTimeout{1'800'000};
constexpr const char* kEndings[] = {".tar", ".tar.gz", ".tgz"};

// ~/.bot-bottle of ~/.bot-bottle/state/IDENTITY
std::string botbottle_home(const Bottle& bottle) {
    return parent_of(parent_of(bottle.state_dir));
}

std::string cache_directory(const Json& request) {
    const std::string cache = absolute_path(request, "cache_dir");
    make_directory(cache, 0700);
    make_directory(cache + "/machine-images", 0700);
    return cache + "/machine-images";
}

std::string provider_of(const Json& request) {
    const Json image = request.value("image", Json::object());
    const Json name = image.is_object() ? image.value("provider", Json()) : Json();
    return name.is_string() ? name.get<std::string>() : "run";
}

bool names_dockerfile(const Json& request) {
    const Json image = request.value("image", Json::object());
    return image.is_object() && image.contains("dockerfile") && image.at("dockerfile").is_string();
}

bool ends_as_archive(const std::string& path) {
    return std::any_of(std::begin(kEndings), std::end(kEndings),
                       [&](const char* ending) { return path.ends_with(ending); });
}

// The operator's own archive, by the variable or in ~/.bot-bottle/images.
std::optional<std::string> own_archive(const Json& request, const Bottle& bottle) {
    const char* const named = std::getenv(kVariable);
    if (named != nullptr && *named != '\0') {
        auto real = real_path(named);
        if (!real)
            fail("no_image", std::string(kVariable) + " is " + named + ", which does not exist",
                 "name an archive: docker save -o agent.tar IMAGE");
        if (!ends_as_archive(*real))
            fail("bad_image", *real + " has a name that smolvm takes for no archive",
                 "its name must end in .tar, .tar.gz or .tgz");
        return real;
    }
    for (const char* const ending : kEndings) {
        const std::string path =
            botbottle_home(bottle) + "/images/" + provider_of(request) + ending;
        if (exists(path)) return real_path(path);
    }
    return std::nullopt;
}

void replace(const std::string& made, const std::string& target) {
    if (rename(made.c_str(), target.c_str()) != 0) {
        const int error = errno;
        unlink(made.c_str());
        fail_errno(target, error);
    }
}

std::string temporary_in(const std::string& directory) {
    return directory + "/new-" + std::to_string(getpid()) + ".tar";
}

// An empty file says that an archive was looked through, by all that changes when it does: the time
// of a change is nobody's to set.
std::string mark_of(const std::string& file, const std::string& directory) {
    struct stat found = {};
    if (stat(file.c_str(), &found) != 0) fail_errno(file);
    std::string name = directory + "/checked";
    for (const auto number :
         {static_cast<std::uint64_t>(found.st_dev), static_cast<std::uint64_t>(found.st_ino),
          static_cast<std::uint64_t>(found.st_size),
          static_cast<std::uint64_t>(found.st_ctim.tv_sec),
          static_cast<std::uint64_t>(found.st_ctim.tv_nsec)})
        name += "-" + std::to_string(number);
    return name;
}

void check_once(const std::string& file, const ArchiveImage& image, const std::string& directory,
                const botbottle::plugin::Host& host) {
    const std::string mark = mark_of(file, directory);
    if (exists(mark)) return;
    host.progress("image", "comparing " + file + " with its digests");
    check_archive(file, image);
    if (mark_of(file, directory) == mark) write_file(mark, "", 0600);
}

// As smolvm reads it: with docker's manifest, and not before it was seen to be an image.
MachineImage as_smolvm_reads_it(const std::string& file, const std::string& directory,
                                const botbottle::plugin::Host& host) {
    MachineImage result{file, read_archive(file)};
    check_once(file, result.image, directory, host);
    if (result.image.manifest_to_add.empty()) return result;
    result.file = directory + "/oci-" + result.image.id + ".tar";
    if (exists(result.file)) return result;
    host.progress("image", "bringing " + file + " into the form that smolvm reads");
    const std::string made = temporary_in(directory);
    unlink(made.c_str());
    try {
        copy_with(file, "manifest.json", result.image.manifest_to_add, made);
    } catch (...) {
        unlink(made.c_str());
        throw;
    }
    replace(made, result.file);
    return result;
}

void save(backend_docker::Engine& engine, const std::string& id, const std::string& target) {
    const UniqueFd file(open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) fail_errno(target);
    backend_docker::Call call;
    call.method = "GET";
    call.path = "/images/" + id + "/get";
    call.timeout = kSaveTimeout;
    call.on_data = [&](std::string_view bytes) { write_all(file.get(), bytes, target); };
    const backend_docker::Answer answer = engine.send(call);
    if (answer.status >= 400)
        throw backend_docker::engine_error("save the image", answer.status, answer.body);
}

MachineImage from_engine(const Json& request, const botbottle::plugin::Host& host) {
    backend_docker::Engine engine(backend_docker::default_endpoint(), &host);
    const backend_docker::Image built =
        backend_docker::ensure_image(engine, backend_docker::image_source(request), host);
    const std::string directory = cache_directory(request);
    const std::string digest = built.id.substr(built.id.find(':') + 1);
    const std::string file = directory + "/" + digest + ".tar";
    if (!exists(file)) {
        host.progress("image", "saving the image for smolvm");
        const std::string made = temporary_in(directory);
        try {
            save(engine, built.id, made);
            check_archive(made, read_archive(made));
        } catch (...) {
            unlink(made.c_str());
            throw;
        }
        replace(made, file);
        write_file(mark_of(file, directory), "", 0600);
    }
    MachineImage result = as_smolvm_reads_it(file, directory, host);
    result.built = true;
    return result;
}

}  // namespace

MachineImage ensure_archive(const Json& request, const botbottle::plugin::Host& host) {
    const Bottle bottle = smol_bottle(request);
    if (!names_dockerfile(request)) {
        if (const auto own = own_archive(request, bottle))
            return as_smolvm_reads_it(*own, cache_directory(request), host);
    }
    try {
        return from_engine(request, host);
    } catch (const OperationError& error) {
        if (error.status() != BOTBOTTLE_UNAVAILABLE) throw;
        const std::string hint =
            names_dockerfile(request)
                ? "a Dockerfile is built by an engine: start one, or leave the key out and give an "
                  "archive in " +
                      std::string(kVariable)
                : "give an archive (docker save -o agent.tar IMAGE, on any machine) as " +
                      botbottle_home(bottle) + "/images/" + provider_of(request) + ".tar or in " +
                      kVariable + "; or start an engine here, which builds one";
        throw OperationError(
            BOTBOTTLE_UNAVAILABLE, "no_image",
            "there is no image for the machine, and no engine to build one: " + error.message(),
            hint);
    }
}

}  // namespace backend_smolmachines
