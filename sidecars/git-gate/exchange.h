// Exchange: one run of `git http-backend`: its environment, its pipes, and for a push the socket to
// the hook that judges it.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "git-gate/cgi.h"
#include "git-gate/child.h"
#include "git-gate/client.h"
#include "git-gate/push_session.h"
#include "git-gate/task.h"

namespace botbottle::git_gate {

// All of it is checked: nothing here is the client's own spelling of a path.
struct BackendRequest {
    std::string method;
    std::string repo_path;  // "/<name>.git/info/refs"
    std::string query;
    std::string content_type;
    std::string content_encoding;
    std::string git_protocol;
    std::optional<std::uint64_t> length;  // of the body; a chunked one has none
    bool pushes = false;
};

struct Client::Exchange {
    explicit Exchange(asio::io_context& io)
        : input(io), output(io), body_ended(io.get_executor(), Timer::time_point::max()) {}

    static Result<std::shared_ptr<Exchange>> start(Gate& gate, Mirror& mirror,
                                                   const BackendRequest& request);

    std::unique_ptr<Child> child;
    std::shared_ptr<PushSession> session;  // of a push
    asio::posix::basic_stream_descriptor<Executor> input;
    asio::posix::basic_stream_descriptor<Executor> output;
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    bool whole = false;      // the body has come to its end
    bool too_large = false;  // …or why it has not
    bool malformed = false;
    bool over = false;  // http-backend has answered
    bool body_done = false;
    Timer body_ended;
};

}  // namespace botbottle::git_gate
