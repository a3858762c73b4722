// ObjectReader: objects by their names, from one `git cat-file --batch`. Blocking.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "git-hook/git_pipe.h"

namespace botbottle::git_hook {

class ObjectReader {
  public:
    static Result<ObjectReader> start();

    struct Head {
        std::string type;  // "commit", "tree", "blob", "tag"
        std::uint64_t size = 0;
    };
    // Begins an object; its content must be read before the next one, with one of those below.
    Result<Head> open(const std::string& id);
    // The content in pieces, to its end.
    Result<void> read(const Head& head, const std::function<void(std::string_view)>& visit);
    Result<std::string> read_whole(const Head& head);

  private:
    explicit ObjectReader(GitPipe git) : git_(std::move(git)) {}
    GitPipe git_;
};

}  // namespace botbottle::git_hook
