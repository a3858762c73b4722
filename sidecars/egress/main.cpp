// botbottle-egress: the one way out of a bottle. It inherits descriptor 3 (control), 4 (the
// listening socket) and 5 (the audit file), takes no arguments and no environment, and ends when
// descriptor 3 closes.
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/secret.h"
#include "control/connection.h"
#include "control/descriptor.h"
#include "egress/control_handler.h"
#include "egress/server.h"

namespace {

using namespace botbottle;

constexpr int kControl = 3;
constexpr int kListener = 4;
constexpr int kAuditFile = 5;
constexpr std::chrono::seconds kDrainTime{10};
constexpr std::size_t kWorkers = 2;

int fail(const Error& error) {
    std::fprintf(stderr, "botbottle-egress: error: %s\n", error.message.c_str());
    return EXIT_FAILURE;
}

// The parent may have died before the signal was asked for.
bool die_with_parent() {
    const pid_t parent = getppid();
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

// Buffers of connections come and go; giving them back to the kernel each time costs more than the
// transfer.
void keep_freed_memory() {
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_ARENA_MAX, static_cast<int>(kWorkers));
}

// Workers are not joined: their connections end with the process.
[[noreturn]] void end(egress::Server& server) {
    server.flush_audit();
    _exit(EXIT_SUCCESS);
}

}  // namespace

int main() {
    if (!protect_process() || !die_with_parent())
        return fail({"protect", "the process cannot be protected", {}});
    control::close_all_but({kControl, kListener, kAuditFile});
    signal(SIGPIPE, SIG_IGN);
    keep_freed_memory();

    auto control_socket = control::inherited_socket(kControl);
    if (!control_socket) return fail(control_socket.error());
    auto listener = control::inherited(kListener);
    if (!listener) return fail(listener.error());
    auto audit_file = control::inherited(kAuditFile);
    if (!audit_file) return fail(audit_file.error());

    boost::asio::io_context io(1);
    egress::Server server({std::move(*listener), std::move(*audit_file), kWorkers});
    control::Callbacks callbacks;
    callbacks.on_request = egress::make_methods(server, io);
    callbacks.on_closed = [&](const Error&) { end(server); };
    const auto connection =
        control::Connection::open(io, std::move(*control_socket), std::move(callbacks));

    // Workers ask; the connection belongs to this thread.
    server.holds().set_tell([&io, &connection](std::string event, control::Json params) {
        boost::asio::post(io, [&connection, event = std::move(event), params = std::move(params)] {
            connection->notify(event, params);
        });
    });

    boost::asio::signal_set terminate(io, SIGTERM);
    terminate.async_wait([&](const auto& error, int) {
        if (!error) egress::drain(server, io, kDrainTime, [&] { end(server); });
    });
    io.run();
    end(server);
}
