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

// The content's address: a hash of the archive and of what else decides what is built.
std::string content_address(const BuildContext& context, const std::string& base);

}  // namespace backend_docker
