#include "build_context.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <vector>

#include "handle.h"
#include "host-bottle/etc.h"
#include "host-bottle/fail.h"
#include "host-bottle/files.h"
#include "host-bottle/unique_fd.h"
#include "tar.h"

namespace backend_docker {
namespace {

namespace fs = std::filesystem;
using host_bottle::fail;
using host_bottle::fail_errno;
using host_bottle::UniqueFd;

constexpr std::size_t kLargestContext = 64 * 1024 * 1024;
constexpr std::size_t kLargestDockerfile = 1024 * 1024;
constexpr std::size_t kMostEntries = 4096;

// Changes when what is built from the same files changes: to be raised with this plugin's builds.
constexpr const char* kBuilds = "botbottle image 1";

std::string content_of(const std::string& path, std::size_t most) {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat status = {};
    if (!file || fstat(file.get(), &status) != 0) fail_errno(path);
    if (!S_ISREG(status.st_mode)) fail("no_dockerfile", path + " is no file");
    return host_bottle::read_all(file.get(), most, path);
}

[[noreturn]] void refuse_size(const std::string& directory) {
    fail("context_too_large",
         directory + " is too large to build an image from: 64 MiB in 4096 files at most",
         "keep the Dockerfile in a directory of its own, with what it copies");
}

// Sorted, so that the same directory is the same archive.
std::vector<fs::path> entries_of(const std::string& directory) {
    std::vector<fs::path> found;
    auto entry = fs::recursive_directory_iterator(directory);
    for (; entry != fs::recursive_directory_iterator(); ++entry) {
        if (entry->path().filename() == ".git") {
            entry.disable_recursion_pending();
            continue;
        }
        if (found.size() == kMostEntries) refuse_size(directory);
        found.push_back(entry->path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

void add(Tar& archive, const fs::path& path, const std::string& relative,
         const std::string& directory) {
    const fs::file_status status = fs::symlink_status(path);
    const bool executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
    switch (status.type()) {
        case fs::file_type::directory:
            archive.add_directory(relative, 0755);
            break;
        case fs::file_type::symlink:
            archive.add_link(relative, fs::read_symlink(path).string());
            break;
        case fs::file_type::regular:
            if (archive.size() + fs::file_size(path) > kLargestContext) refuse_size(directory);
            archive.add_file(relative, executable ? 0755 : 0644,
                             content_of(path.string(), kLargestContext));
            break;
        default:
            break;  // an image has no use for sockets, FIFOs and devices
    }
}

}  // namespace

BuildContext lone_dockerfile(const std::string& path) {
    Tar archive;
    archive.add_file("Dockerfile", 0644, content_of(path, kLargestDockerfile));
    return {archive.take(), "Dockerfile"};
}

BuildContext with_directory(const std::string& path) {
    content_of(path, kLargestDockerfile);  // says best what is wrong with the Dockerfile itself
    const std::string directory = host_bottle::parent_of(path);
    Tar archive;
    try {
        for (const fs::path& entry : entries_of(directory))
            add(archive, entry, entry.lexically_relative(directory).string(), directory);
    } catch (const fs::filesystem_error& error) {
        fail("unreadable_context", error.what());
    }
    return {archive.take(), host_bottle::name_of(path)};
}

BuildContext bundle_context(const std::string& image, const std::string& libexec_dir,
                            const std::string& names) {
    const std::string owner =
        std::to_string(kBundleOwner.uid) + ":" + std::to_string(kBundleOwner.gid);
    Tar archive;
    archive.add_file("Dockerfile", 0644,
                     "FROM " + image +
                         "\nCOPY --chown=0:0 root/ /\n"
                         "COPY --chown=" +
                         owner + " own/ /home/agent/\nCOPY --chown=" + owner +
                         " own/ /workspace/\n");
    // Every directory on the way is named, so that it has the mode that it should.
    for (const char* const directory :
         {"root", "root/etc", "root/etc/botbottle", "root/etc/ssl", "root/etc/ssl/certs",
          "root/home", "root/run", "root/run/botbottle", "root/usr", "root/usr/lib",
          "root/usr/lib/botbottle", "own"})
        archive.add_directory(directory, 0755);
    for (const char* const name : host_bottle::kNameFiles)
        archive.add_file(std::string("root/etc/") + name, 0644,
                         content_of(names + "/" + name, kLargestContext));
    // Where the engine puts none of its own over it, the image's is what the image's builder had.
    archive.add_file(std::string("root/etc/") + kResolvers, 0644, "nameserver 127.0.0.1\n");
    for (const char* const name : {"botbottle-anchor", "botbottle-relay"})
        archive.add_file("root" + std::string(kBundlePrograms) + "/" + name, 0755,
                         content_of(libexec_dir + "/" + name, kLargestContext));
    return {archive.take(), "Dockerfile"};
}

std::string content_address(const BuildContext& context, const std::string& base) {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> hash(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
    unsigned size = 0;
    bool good = hash && EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1;
    for (const std::string& part : {std::string(kBuilds), context.dockerfile, base}) {
        good = good && EVP_DigestUpdate(hash.get(), part.c_str(), part.size() + 1) == 1;
    }
    good = good &&
           EVP_DigestUpdate(hash.get(), context.archive.data(), context.archive.size()) == 1 &&
           EVP_DigestFinal_ex(hash.get(), digest.data(), &size) == 1;
    if (!good) fail("no_hash", "SHA-256 is not available");
    constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text.push_back(kHex[digest[i] >> 4]);
        text.push_back(kHex[digest[i] & 15]);
    }
    return text;
}

}  // namespace backend_docker
