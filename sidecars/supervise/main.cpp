// botbottle-supervise: what an agent asks for, kept for the operator. It inherits descriptor 3
// (control), 4 (the listening socket), 5 (the audit file) and 6 (the queue's directory), takes no
// arguments and no environment, and ends when descriptor 3 closes. It holds no secret and applies
// nothing: it only writes down, and tells.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/secret.h"
#include "control/connection.h"
#include "control/descriptor.h"
#include "supervise/control_handler.h"

namespace {

using namespace botbottle;

constexpr int kControl = 3;
constexpr int kListener = 4;
constexpr int kAuditFile = 5;
constexpr int kQueue = 6;

int fail(const Error& error) {
    std::fprintf(stderr, "botbottle-supervise: error: %s\n", error.message.c_str());
    return EXIT_FAILURE;
}

// The parent may have died before the signal was asked for.
bool die_with_parent() {
    const pid_t parent = getppid();
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

int run() {
    if (!protect_process() || !die_with_parent())
        return fail({"protect", "the process cannot be protected", {}});
    control::close_all_but({kControl, kListener, kAuditFile, kQueue});
    signal(SIGPIPE, SIG_IGN);
    auto control_socket = control::inherited_socket(kControl);
    if (!control_socket) return fail(control_socket.error());

    boost::asio::io_context io(1);
    supervise::Program program{io, {}, {}, {}, nullptr, nullptr, nullptr};
    for (const auto& [number, target] :
         {std::pair{kListener, &program.listener}, std::pair{kAuditFile, &program.audit_file},
          std::pair{kQueue, &program.queue}}) {
        auto descriptor = control::inherited(number);
        if (!descriptor) return fail(descriptor.error());
        *target = *std::move(descriptor);
    }
    std::shared_ptr<control::Connection> connection;
    program.hold_decided = [&connection](const std::string& tool, const std::string& hold,
                                         const supervise::Decision& decision) {
        connection->notify("hold.decided", {{"tool", tool},
                                            {"hold", hold},
                                            {"proposal", decision.id},
                                            {"status", decision.status},
                                            {"notes", decision.notes}});
    };
    control::Callbacks callbacks;
    callbacks.on_request = supervise::make_methods(program);
    callbacks.on_closed = [&io](const Error&) { io.stop(); };
    connection = control::Connection::open(io, std::move(*control_socket), std::move(callbacks));
    io.run();
    if (program.service) program.service->flush_audit();
    // Connections end with the process.
    _exit(EXIT_SUCCESS);
}

}  // namespace

int main() {
    try {
        return run();
    } catch (const std::exception&) {
        return fail({"resources", "it cannot go on: out of memory or of descriptors", {}});
    }
}
