// botbottle-warden: started by the command line with descriptor 3 and nothing else.
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "base/secret.h"
#include "control/descriptor.h"
#include "warden/warden.h"

namespace {

using namespace std::chrono_literals;

constexpr int kStarter = 3;
constexpr auto kLastAnswers = 1s;

int fail(const char* message) noexcept {
    std::fprintf(stderr, "botbottle-warden: error: %s\n", message);
    return EXIT_FAILURE;
}

// Lets go of the terminal, the directory and the environment of the command that started us. stderr
// stays: it is the bottle's log.
bool detach() {
    setsid();  // fails when we lead a session already, which is as good
    umask(077);
    clearenv();
    signal(SIGPIPE, SIG_IGN);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
           chdir("/") == 0;
}

int run() {
    // First of all: from here on nobody of the same user can read this process's memory.
    if (!botbottle::protect_process()) return fail("the process cannot be protected");
    auto starter = botbottle::control::inherited_socket(kStarter);
    if (!starter) return fail((starter.error().message + "; " + starter.error().hint).c_str());
    botbottle::control::close_all_but({kStarter});
    if (!detach()) return fail("cannot let go of the command that started it");
    // The system's openssl.cnf is not for us to obey, and takes time to read.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);

    boost::asio::io_context io(1);
    botbottle::warden::Warden warden(io, *std::move(starter));
    io.run();
    warden.close();
    io.restart();
    io.run_for(kLastAnswers);
    return warden.failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace

// An exception means that the system has run out of something. It unwinds, so that sockets and
// directories go. What it says is not shown, since it might quote a document.
int main() {
    try {
        return run();
    } catch (const std::exception&) {
        return fail("it cannot go on: out of memory or of descriptors");
    }
}
