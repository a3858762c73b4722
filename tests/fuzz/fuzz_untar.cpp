// What an engine sends as a bottle's files: whatever it is, nothing is made outside of the one
// directory, no link leads out of it, and nothing but files, directories and links is in it.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <botbottle/plugin.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "host-bottle/guest_files.h"
#include "untar.h"

namespace {

namespace fs = std::filesystem;

// Never destroyed: it is asked for again while the program ends.
const std::string& scratch() {
    static const std::string& made = *[] {
        char name[] = "/tmp/fuzz-untar-XXXXXX";
        if (mkdtemp(name) == nullptr) abort();
        atexit([] { fs::remove_all(scratch()); });
        return new std::string(name);
    }();
    return made;
}

void require(bool held, const fs::path& where) {
    if (held) return;
    std::fprintf(stderr, "it did not hold at %s\n", where.c_str());
    abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view archive(reinterpret_cast<const char*>(data), size);
    const fs::path root = fs::path(scratch()) / "root";
    fs::create_directory(root);
    {
        const auto parent = host_bottle::open_root(root.string());
        backend_docker::Untar untar(parent.get(), "out");
        try {
            untar.add(archive.substr(0, size / 3));
            untar.add(archive.substr(size / 3));
            untar.finish();
        } catch (const botbottle::plugin::OperationError&) {
            // Refused.
        }
    }
    for (const auto& entry : fs::directory_iterator(scratch()))
        require(entry.path() == root, entry.path());
    for (const auto& entry : fs::directory_iterator(root))
        require(entry.path().filename() == "out", entry.path());
    for (const auto& entry :
         fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied)) {
        const auto type = entry.symlink_status().type();
        require(type == fs::file_type::regular || type == fs::file_type::directory ||
                    type == fs::file_type::symlink,
                entry.path());
        if (type != fs::file_type::symlink) continue;
        const fs::path target = fs::read_symlink(entry.path());
        const fs::path led = (entry.path().parent_path() / target).lexically_relative(root / "out");
        require(target.is_relative() && *led.lexically_normal().begin() != "..", entry.path());
    }
    fs::permissions(root, fs::perms::owner_all);
    for (const auto& entry : fs::recursive_directory_iterator(root))
        if (entry.is_directory() && !entry.is_symlink())
            fs::permissions(entry.path(), fs::perms::owner_all);
    fs::remove_all(root);
    return 0;
}
