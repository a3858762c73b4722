// What an image is built from: a Dockerfile, and for one of the operator's the directory beside it.
#pragma once

#include <string>

namespace backend_docker {

struct BuildContext {
    std::string archive;     // a tar archive
    std::string dockerfile;  // its name in there
};

// The Dockerfile alone.
BuildContext lone_dockerfile(const std::string& path);

// With everything in its directory but .git. Refuses a directory that is too large to be meant.
BuildContext with_directory(const std::string& path);

// A bundle's: the bottle's image, and on it what every such bottle has besides. `names` is the
// directory with the files of /etc.
BuildContext bundle_context(const std::string& image, const std::string& libexec_dir,
                            const std::string& names);

// The content's address: a hash of the archive and of what else decides what is built.
std::string content_address(const BuildContext& context, const std::string& base);

}  // namespace backend_docker
