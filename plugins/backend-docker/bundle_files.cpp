// An archive on its way in is written to a file that has no name, and sent from there: a workspace
// may be larger than the memory. What an agent left behind comes out through `untar`.
#include "bundle_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "container.h"
#include "engine.h"
#include "engine_error.h"
#include "host-bottle/copy.h"
#include "host-bottle/fail.h"
#include "host-bottle/guest_files.h"
#include "host-bottle/sessions.h"
#include "host-bottle/tree_copy.h"
#include "tar.h"
#include "untar.h"

namespace backend_docker {
namespace {

constexpr std::chrono::milliseconds kQuick{10'000};
constexpr std::chrono::milliseconds kTransfer{900'000};
constexpr long kLinkTimeout = 10'000;
constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";
constexpr std::size_t kPiece = 1024 * 1024;
// What a ustar header's twelve octal digits can say.
constexpr off_t kLargestFile = (off_t{1} << 33) - 1;

std::string container_of(const Json& request) {
    const Json& handle = request.at("handle");
    if (!handle.contains("container")) {
        throw OperationError(BOTBOTTLE_NOT_FOUND, "not_running", "the bottle was never started");
    }
    return handle.at("container").get<std::string>();
}

const BundleVolume& volume_of(const std::string& path) {
    for (const BundleVolume& volume : kBundleVolumes) {
        if (lies_in(path, volume.path)) return volume;
    }
    fail_invalid(path + " is neither in the home, the workspace nor a directory of certificates");
}

// One volume's archive.
class Archive {
  public:
    explicit Archive(const std::string& directory)
        : file_(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
        if (!file_) fail_errno(directory);
    }
    Tar& tar() { return tar_; }
    void spill() { write_all(file_.get(), tar_.take_piece(), "the archive"); }
    int finish() {
        write_all(file_.get(), tar_.take(), "the archive");
        return file_.get();
    }

    void add_file(const std::string& path, unsigned mode, const UniqueFd& source, off_t size) {
        tar_.begin_file(path, mode, static_cast<std::size_t>(size));
        std::string piece(kPiece, '\0');
        off_t left = size;
        while (left > 0) {
            const auto wanted = static_cast<std::size_t>(std::min<off_t>(left, kPiece));
            const ssize_t count = read(source.get(), piece.data(), wanted);
            if (count <= 0) fail("not_copied", path + " changed while it was copied");
            tar_.add_piece({piece.data(), static_cast<std::size_t>(count)});
            left -= count;
            spill();
        }
        tar_.end_file();
        spill();
    }

  private:
    UniqueFd file_;
    Tar tar_;
};

class Importer {
  public:
    Importer(Engine& engine, const Json& request)
        : engine_(engine),
          container_(container_of(request)),
          directory_(absolute_path(request, "state_dir")) {}

    void add(const Json& entry) {
        const std::string path = absolute_path(entry, "path");
        const BundleVolume& volume = volume_of(path);
        auto found = archives_.find(volume.path);
        if (found == archives_.end()) found = archives_.emplace(volume.path, directory_).first;
        Archive& archive = found->second;
        archive.tar().set_owner(volume.agent_owned ? kBundleOwner.uid : 0,
                                volume.agent_owned ? kBundleOwner.gid : 0);
        archive.tar().set_time(static_cast<std::size_t>(std::max<time_t>(time(nullptr), 0)));
        const std::string relative =
            path == volume.path ? "." : path.substr(std::string_view(volume.path).size() + 1);
        add_parents(archive, volume.path, relative);
        const auto type = entry.at("type").get<std::string>();
        if (type != "file" && type != "directory") fail_invalid("type is file or directory");
        if (entry.contains("source")) {
            add_source(archive, volume.path, relative, entry);
        } else if (type == "directory") {
            archive.tar().add_directory(relative, host_bottle::mode_of(entry, 0755));
        } else {
            archive.tar().add_file(relative, host_bottle::mode_of(entry, 0644),
                                   host_bottle::content_of(entry));
        }
        archive.spill();
        made_.insert(path);
    }

    void send() {
        for (auto& [volume, archive] : archives_) {
            Call call;
            call.method = "PUT";
            call.path = "/containers/" + container_ + "/archive" +
                        query({{"path", volume}, {"noOverwriteDirNonDir", "true"}});
            call.file = archive.finish();
            call.timeout = kTransfer;
            const Answer answer = engine_.send(call);
            if (answer.status >= 400)
                throw engine_error("copy files into the bottle", answer.status, answer.body);
        }
    }

    // Engines take no archive with a link that leads out of where it is unpacked. Made by the
    // bottle's own user, such a link leads to what that user may see anyway.
    void make_links(const Bottle& bottle) const {
        for (const auto& [path, target] : links_) {
            const Json reply =
                host_bottle::exec(bottle, {{"argv", {"ln", "-sn", "--", target, path}},
                                           {"env", {{"PATH", kDefaultPath}}},
                                           {"cwd", "/"},
                                           {"timeout_ms", kLinkTimeout}});
            if (reply.at("exit_code") != 0)
                fail("not_copied", "the link " + path + " could not be made in the bottle: " +
                                       reply.at("stderr").get<std::string>());
        }
    }

  private:
    bool is_there(const std::string& path) {
        Call call;
        call.method = "HEAD";
        call.path = "/containers/" + container_ + "/archive" + query({{"path", path}});
        call.timeout = kQuick;
        const long status = engine_.send(call).status;
        if (status >= 400 && status != 404) throw engine_error("look into the bottle", status, "");
        return status < 400;
    }

    // Those that are there already stay as they are.
    void add_parents(Archive& archive, const std::string& volume, const std::string& relative) {
        for (std::size_t slash = relative.find('/'); slash != std::string::npos;
             slash = relative.find('/', slash + 1)) {
            const std::string parent = relative.substr(0, slash);
            std::string path = volume;
            path.append("/").append(parent);
            if (!made_.insert(path).second) continue;
            if (!is_there(path)) archive.tar().add_directory(parent, 0755);
        }
    }

    void add_source(Archive& archive, const std::string& volume, const std::string& relative,
                    const Json& entry) {
        const std::string source = absolute_path(entry, "source");
        const UniqueFd parent = host_bottle::open_root(parent_of(source));
        std::optional<unsigned> mode;
        if (entry.contains("mode") && entry.at("type") == "file")
            mode = host_bottle::mode_of(entry, 0);
        add_tree(archive, volume, parent.get(), name_of(source), relative, mode);
    }

    // The operator's own copy, or a file of ours; what is neither file, directory nor link stays.
    void add_tree(Archive& archive, const std::string& volume, int parent, const std::string& name,
                  const std::string& relative, std::optional<unsigned> mode) {
        struct stat status = {};
        if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) fail_errno(name);
        archive.tar().set_time(
            static_cast<std::size_t>(std::max<time_t>(status.st_mtim.tv_sec, 0)));
        const unsigned own = mode.value_or(status.st_mode & 0777U);
        if (S_ISREG(status.st_mode)) {
            const UniqueFd file = host_bottle::open_regular(parent, name);
            if (!file || fstat(file.get(), &status) != 0) fail_errno(name);
            if (status.st_size > kLargestFile)
                fail("not_copied", relative + " is larger than 8 GiB");
            archive.add_file(relative, own, file, status.st_size);
        } else if (S_ISLNK(status.st_mode)) {
            std::string target(static_cast<std::size_t>(PATH_MAX), '\0');
            const ssize_t size = readlinkat(parent, name.c_str(), target.data(), target.size());
            if (size < 0) fail_errno(name);
            target.resize(static_cast<std::size_t>(size));
            const auto depth =
                static_cast<unsigned>(std::count(relative.begin(), relative.end(), '/'));
            if (target.starts_with('/') || host_bottle::is_contained_link(target, depth)) {
                archive.tar().add_link(relative, target);
            } else {
                links_.emplace_back(volume + "/" + relative, target);
            }
        } else if (S_ISDIR(status.st_mode)) {
            const UniqueFd directory =
                host_bottle::open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
            if (!directory) fail_errno(name);
            archive.tar().add_directory(relative, own);
            const std::string prefix = relative == "." ? "" : relative + "/";
            for (const std::string& inner : host_bottle::names_in(directory.get())) {
                std::string path = prefix;
                path += inner;
                add_tree(archive, volume, directory.get(), inner, path, std::nullopt);
            }
        }
        archive.spill();
    }

    Engine& engine_;
    std::string container_;
    std::string directory_;
    std::map<std::string, Archive> archives_;
    std::set<std::string> made_;
    std::vector<std::pair<std::string, std::string>>
        links_;  // path and target, of those to be made
};

}  // namespace

Json copy_into_bundle(const Json& request, const botbottle::plugin::Host& host) {
    Engine engine(parse_endpoint(handle_of(request).engine), &host);
    Importer importer(engine, request);
    for (const Json& entry : request.at("entries"))
        importer.add(entry);
    importer.send();
    importer.make_links(docker_bottle(request));
    return Json::object();
}

Json copy_out_of_bundle(const Json& request, const botbottle::plugin::Host& host) {
    Engine engine(parse_endpoint(handle_of(request).engine), &host);
    const std::string path = absolute_path(request, "path");
    volume_of(path);
    const std::string destination = absolute_path(request, "destination");
    const UniqueFd parent = host_bottle::open_root(parent_of(destination));
    Untar untar(parent.get(), name_of(destination));
    Call call;
    call.method = "GET";
    call.path = "/containers/" + container_of(request) + "/archive" + query({{"path", path}});
    call.timeout = kTransfer;
    call.on_data = [&](std::string_view bytes) { untar.add(bytes); };
    const Answer answer = engine.send(call);
    if (answer.status == 404) {
        throw OperationError(BOTBOTTLE_NOT_FOUND, "no_such_file", path + " does not exist");
    }
    if (answer.status >= 400)
        throw engine_error("copy files out of the bottle", answer.status, answer.body);
    untar.finish();
    Json skipped = Json::array();
    for (const Skipped& entry : untar.summary().skipped)
        skipped.push_back({{"path", entry.path}, {"reason", entry.reason}});
    return {{"files", untar.summary().files},
            {"bytes", untar.summary().bytes},
            {"skipped", skipped},
            {"skipped_more", untar.summary().skipped_more}};
}

}  // namespace backend_docker
