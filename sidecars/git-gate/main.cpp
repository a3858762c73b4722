// botbottle-git-gate: the agent's git on one side, the repos' ssh on the other. It inherits
// descriptor 3 (control), 4 (the listening socket) and 5 (the audit file), takes no arguments and
// no environment, and ends when descriptor 3 closes.
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/secret.h"
#include "control/connection.h"
#include "control/descriptor.h"
#include "control/methods.h"
#include "git-gate/child.h"
#include "git-gate/gate.h"

namespace {

using namespace botbottle;

constexpr int kControl = 3;
constexpr int kListener = 4;
constexpr int kAuditFile = 5;

int fail(const Error& error) {
    std::fprintf(stderr, "botbottle-git-gate: error: %s\n", error.message.c_str());
    return EXIT_FAILURE;
}

// The parent may have died before the signal was asked for.
bool die_with_parent() {
    const pid_t parent = getppid();
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

// Connections and their gits end with the process: what they had not yet given to an upstream is
// not pushed.
[[noreturn]] void end(git_gate::Gate& gate) {
    gate.flush();
    _exit(EXIT_SUCCESS);
}

}  // namespace

int main() {
    if (!protect_process() || !die_with_parent())
        return fail({"protect", "the process cannot be protected", {}});
    control::close_all_but({kControl, kListener, kAuditFile});
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    setenv("PATH", git_gate::kPath, 1);

    auto control_socket = control::inherited_socket(kControl);
    if (!control_socket) return fail(control_socket.error());
    auto listener = control::inherited(kListener);
    if (!listener) return fail(listener.error());
    auto audit_file = control::inherited(kAuditFile);
    if (!audit_file) return fail(audit_file.error());

    boost::asio::io_context io(1);
    std::shared_ptr<control::Connection> connection;
    git_gate::Gate gate(io, std::move(*listener), std::move(*audit_file),
                        [&connection](std::string_view event, const control::Json& params) {
                            connection->notify(event, params);
                        });
    control::Methods methods;
    methods.on("start", [&](control::Json& params, const control::Reply& reply) {
        if (auto started = gate.start(params); !started) return reply.error(started.error());
        reply.result(control::Json::object());
    });
    methods.on("scan.replace", [&](control::Json& params, const control::Reply& reply) {
        if (auto replaced = gate.replace_scan(params); !replaced)
            return reply.error(replaced.error());
        reply.result(control::Json::object());
    });
    methods.on("hold.told", [&](control::Json& params, const control::Reply& reply) {
        if (auto heard = gate.hear_of_hold(params); !heard) return reply.error(heard.error());
        reply.result(control::Json::object());
    });
    control::Callbacks callbacks;
    callbacks.on_request = methods;
    callbacks.on_closed = [&](const Error&) { end(gate); };
    connection = control::Connection::open(io, std::move(*control_socket), std::move(callbacks));

    boost::asio::signal_set terminate(io, SIGTERM);
    terminate.async_wait([&](const auto& error, int) {
        if (!error) end(gate);
    });
    io.run();
    end(gate);
}
