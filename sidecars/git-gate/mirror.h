// Mirror: one repo's bare copy in the bottle's state, and what goes between it and its upstream.
//
//   <directory>/<name>.git/                  heads and tags as the upstream has them
//   <directory>/<name>.git/botbottle-created the refs that the agent made, one a line
//
// The mirror's refs move in two ways only: a refresh, or a push that the upstream has taken.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "git-gate/config.h"
#include "git-gate/git_command.h"
#include "git-gate/task.h"
#include "git-gate/upstream_lock.h"

namespace botbottle::git_gate {

struct RefUpdate {
    std::string ref;
    std::string old_id;  // as hexadecimal; zeros when it is new
    std::string new_id;  // zeros when it is deleted
    bool creates() const noexcept { return old_id.find_first_not_of('0') == std::string::npos; }
    bool deletes() const noexcept { return new_id.find_first_not_of('0') == std::string::npos; }
    bool operator==(const RefUpdate&) const = default;
};

// One thread; must live until the io_context stopped running.
class Mirror {
  public:
    Mirror(const GitHome& home, Repo repo);

    const Repo& repo() const noexcept { return repo_; }
    const std::string& path() const noexcept { return path_; }
    const std::set<std::string>& created() const noexcept { return created_; }
    UpstreamLock& lock() noexcept { return lock_; }

    // Removes what a git that was killed has left behind. To be called before anything else, when
    // no such git can be alive.
    void tidy() const;

    // Makes the refs those of the upstream. Who asks while one is under way gets its outcome. The
    // error's message is for the agent.
    Task<Result<void>> refresh();

    // Sends objects and refs to the upstream, all or nothing, if its refs are still the old ones.
    // `quarantine` is the directory of the new objects, as receive-pack names it; empty when there
    // are none. `on_line` gets what the upstream said. The lock must be held.
    Task<Result<void>> forward(const std::vector<RefUpdate>& updates, const std::string& quarantine,
                               const std::function<void(std::string_view)>& on_line);

  private:
    struct Round;  // a refresh, and those who wait for it

    Task<Result<void>> make();
    Task<Result<void>> fetch();
    Task<Result<void>> take_head();
    Result<void> remember_created(const std::vector<RefUpdate>& updates);
    void load_created();

    const GitHome& home_;
    const Repo repo_;
    const std::string path_;
    UpstreamLock lock_;
    std::shared_ptr<Round> round_;
    bool made_ = false;
    std::set<std::string> created_;
};

// What ssh and git say when the upstream cannot be used, in words of ours with the next step. Pure.
Error explain_upstream(const Repo& repo, std::string_view output);

}  // namespace botbottle::git_gate
