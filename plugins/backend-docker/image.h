// The image that a bottle's root is made of: built when it is not there, never when it is.
#pragma once

#include <botbottle/plugin.hpp>
#include <string>

#include "engine.h"

namespace backend_docker {

struct ImageSource {
    std::string name;        // of the tag: the provider's, or "run"
    std::string dockerfile;  // absolute path
    bool own = false;        // the operator's: its directory is the context
    std::string base;        // in the place of what the Dockerfile says; may be empty
};

// Of a `prepare` request: the manifest's Dockerfile, or the one that comes with botbottle.
ImageSource image_source(const Json& request);

struct Image {
    std::string id;
    std::string path;  // $PATH of its environment
};

Image ensure_image(Engine& engine, const ImageSource& source, const botbottle::plugin::Host& host);

// With what a bundle has on top of it.
Image ensure_bundle(Engine& engine, const Image& image, const std::string& libexec_dir,
                    const std::string& names, const botbottle::plugin::Host& host);

// Of an image's inspection.
Image image_of(const Json& inspection);

}  // namespace backend_docker
