// botbottle: the program that the operator runs.
#include <fcntl.h>
#include <unistd.h>

#include "base/secret.h"
#include "bottles/interrupt.h"
#include "cli/command_line.h"

namespace {

// Without them (`botbottle run -- x >&-`) the next files and sockets that are opened would have
// their numbers, and be read and written on the agent's behalf.
void fill_standard_descriptors() {
    int opened = 0;
    while (opened >= 0 && opened <= STDERR_FILENO)
        opened = open("/dev/null", O_RDWR);
    if (opened > STDERR_FILENO) close(opened);
}

}  // namespace

int main(int argc, char** argv) {
    fill_standard_descriptors();
    // It reads secrets from its environment: no core dump and no tracing from here on. A kernel
    // that refuses this is no reason not to run; the secrets' pages are protected one by one as
    // well.
    (void)botbottle::protect_process();
    botbottle::watch_for_interrupts();
    return botbottle::cli::run_command_line(argc, argv);
}
