// Processes: starting programs, and naming a process for good by its pid and start time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "unique_fd.h"

namespace host_bottle {

// A pid may be used again; together with the start time (field 22 of /proc/PID/stat) it is one
// process.
struct ProcessName {
    pid_t pid;
    std::uint64_t start_time;
};

std::optional<std::uint64_t> start_time_of(pid_t pid);

// A pidfd of that very process; empty when it has ended.
UniqueFd open_process(const ProcessName& name);

// False when it has not ended by then.
bool wait_ended(const UniqueFd& process, std::chrono::milliseconds timeout);

// SIGKILL.
void kill_process(const UniqueFd& process);

struct ProgramResult {
    int exit_code = -1;
    int signal = 0;  // that ended it, or 0
    bool timed_out = false;
    bool cancelled = false;
    bool truncated = false;
    std::string output;
    std::string errors;
};

struct Program {
    std::vector<std::string> argv;
    std::string_view input;
    std::vector<int> descriptors;          // passed on under their own numbers
    std::vector<std::string> environment;  // NAME=value
    std::function<bool()> cancelled;       // asked now and then: whether to kill it; may be empty
    std::chrono::milliseconds timeout{5000};
    std::size_t output_limit = 1024 * 1024;  // of each; the rest is read and dropped
};

// Runs it to its end, with no environment but the one that is named. After the timeout it is
// killed.
ProgramResult run_program(const Program& program);

// For the child between fork and exec: the signal state, environment and descriptors of a new
// program. Async-signal-safe. Only stdin, stdout, stderr and `kept` stay open.
void prepare_exec(const int* kept, std::size_t count);

// argv for execv; lives as long as the strings.
std::vector<char*> argument_pointers(const std::vector<std::string>& arguments);

}  // namespace host_bottle
