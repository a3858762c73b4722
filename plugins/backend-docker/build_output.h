// What an engine says while it builds an image or pulls one: a run of JSON documents.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace backend_docker {

class BuildOutput {
  public:
    // `progress` gets a line for people.
    explicit BuildOutput(std::function<void(const std::string&)> progress)
        : progress_(std::move(progress)) {}

    void add(std::string_view bytes);

    // Empty when the build went well; else why not, with the last that was said before.
    std::string failure() const;

  private:
    void take(std::string_view line);

    std::function<void(const std::string&)> progress_;
    std::string pending_;  // of a line
    std::string said_;     // the last lines of the steps' output
    std::string error_;
};

}  // namespace backend_docker
