// ObjectReader: objects by their names, from one `git cat-file --batch`. Blocking. Objects that are
// asked for ahead are made ready by git while another one is looked at.
#pragma once

#include <cstdint>
#include <deque>
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
    // So many may be asked for at a time: their names fit into a pipe, so that neither side waits
    // for the other.
    static constexpr std::size_t kMostAsked = 256;

    // Each that is asked for has its turn, in this order.
    Result<void> ask(const std::string& id);
    // Begins the next one; its content must be read before the one after it, with one of those
    // below.
    Result<Head> next();
    // Both, when no other was asked for.
    Result<Head> open(const std::string& id);
    // The content in pieces, to its end.
    Result<void> read(const Head& head, const std::function<void(std::string_view)>& visit);
    // The content in the place of what was in `content`, whose memory is used again.
    Result<void> read_into(const Head& head, std::string& content);
    Result<std::string> read_whole(const Head& head);

  private:
    explicit ObjectReader(GitPipe git) : git_(std::move(git)) {}
    Result<void> end();

    GitPipe git_;
    std::deque<std::string> asked_;
};

}  // namespace botbottle::git_hook
