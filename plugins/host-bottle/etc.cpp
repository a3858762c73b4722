#include "etc.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "fail.h"

namespace host_bottle {
namespace {

constexpr mode_t kPublicFile = 0644;
constexpr mode_t kPublicDirectory = 0755;
constexpr std::size_t kMaxCopied = 8 * 1024 * 1024;

// Copied, not bound: /etc/localtime is a link on most hosts, and a package update on the host must
// not change a bottle that runs.
constexpr const char* kCopied[] = {"ld.so.cache", "localtime", "services", "protocols"};

void copy_public(const std::string& name, const std::string& directory) {
    const std::string source = "/etc/" + name;
    const UniqueFd file(open(source.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat status = {};
    if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    write_file(directory + "/" + name, read_all(file.get(), kMaxCopied, source), kPublicFile);
}

std::vector<std::string> glob_paths(const char* pattern) {
    glob_t found = {};
    std::vector<std::string> paths;
    if (glob(pattern, 0, nullptr, &found) == 0) {
        for (std::size_t i = 0; i < found.gl_pathc; ++i)
            paths.emplace_back(found.gl_pathv[i]);
    }
    globfree(&found);
    return paths;
}

void link(const char* target, const std::string& path) {
    if (symlink(target, path.c_str()) != 0 && errno != EEXIST) fail_errno(path);
}

}  // namespace

void make_names(const std::string& directory, Owner owner, const std::string& hostname) {
    for (const char* const name : {"", "/botbottle", "/ssl", "/ssl/certs"}) {
        make_directory(directory + name, kPublicDirectory);
    }
    const auto file = [&](const char* name, const std::string& content) {
        write_file(directory + "/" + name, content, kPublicFile);
    };
    const std::string uid = std::to_string(owner.uid);
    const std::string gid = std::to_string(owner.gid);
    file("passwd",
         "root:x:0:0:root:/root:/usr/sbin/nologin\n"
         "agent:x:" +
             uid + ":" + gid +
             ":agent:/home/agent:/bin/bash\n"
             "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
    file("group", "root:x:0:\nagent:x:" + gid + ":\nnogroup:x:65534:\n");
    file("hosts", "127.0.0.1 localhost " + hostname + "\n");
    file("hostname", hostname + "\n");
    file("nsswitch.conf",
         "passwd: files\ngroup: files\nshadow: files\nhosts: files\n"
         "services: files\nprotocols: files\n");
    file("host.conf", "multi on\n");
}

void make_etc(const std::string& directory, Owner owner, const std::string& hostname) {
    make_names(directory, owner, hostname);
    for (const std::string& path : host_etc())  // to be mounted on
        make_directory(directory + path.substr(std::string_view("/etc").size()), kPublicDirectory);
    for (const char* const name : kCopied)
        copy_public(name, directory);
    link("../usr/lib/os-release", directory + "/os-release");
    link("/proc/self/mounts", directory + "/mtab");

    copy_public("ssl/openssl.cnf", directory);
}

std::vector<std::string> host_etc() {
    std::vector<std::string> found;
    // Debian's and Fedora's names for "which of several programs is awk".
    if (exists("/etc/alternatives")) found.emplace_back("/etc/alternatives");
    // Debian keeps a JVM's settings here and links to them from /usr/lib/jvm: without, it does not
    // start.
    for (const std::string& path : glob_paths("/etc/java-*-openjdk"))
        found.push_back(path);
    return found;
}

}  // namespace host_bottle
