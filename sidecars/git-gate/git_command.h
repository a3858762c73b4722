// Runs git: its environment, the ssh that it uses, and a short output.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "git-gate/child.h"
#include "git-gate/config.h"
#include "git-gate/task.h"

namespace botbottle::git_gate {

// Where the gate's gits live. `lock` is held by every one of them, as by the gate itself, so that a
// successor of a gate that died knows when the last of them has ended.
struct GitHome {
    asio::io_context& io;
    std::string directory;
    int lock = -1;
};

// What every git of ours runs with: no configuration but what stands here, no prompt, no terminal.
std::vector<std::string> git_environment(const GitHome& home);

struct GitCommand {
    std::vector<std::string> words;        // after "git"
    std::vector<std::string> environment;  // besides git_environment()
    const Repo* upstream = nullptr;        // with it, ssh can open that repo, and nothing else
};

struct GitOutcome {
    int code = 0;
    std::string output;  // the first 64 KiB of stdout and stderr together
    bool ok() const noexcept { return code == 0; }
};

// In the directory `directory`. `on_line` (may be empty) gets each line as it comes. All of it is
// the caller's, who waits.
Task<Result<GitOutcome>> run_git(const GitHome& home, const std::string& directory,
                                 const GitCommand& command,
                                 const std::function<void(std::string_view)>& on_line);

}  // namespace botbottle::git_gate
