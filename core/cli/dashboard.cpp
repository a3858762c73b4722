// botbottle dashboard: the terminal UI. Two processes: one draws, the other waits for its end and
// gives the terminal back whatever that end was.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bottles/interrupt.h"
#include "cli/commands.h"
#include "cli/dashboard_loop.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "files/system_error.h"

namespace botbottle::cli {
namespace {

constexpr const char* kLog = "/logs/dashboard.log";

// Messages of what runs in here would run over the screen.
bool messages_to(const std::string& log) {
    const int file =
        open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    return file >= 0 && dup2(file, STDERR_FILENO) >= 0;
}

[[noreturn]] void draw(Context& context, const std::string& log) {
    prctl(PR_SET_PDEATHSIG, SIGHUP);
    if (!messages_to(log)) _exit(EXIT_FAILURE);
    int code = EXIT_FAILURE;
    try {
        code = DashboardLoop(context).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "the dashboard cannot go on: %s\n", error.what());
        abort();
    }
    _exit(code);
}

int wait_for(pid_t child, const struct termios& settings, const std::string& log) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        if (interrupted()) kill(child, SIGTERM);
    if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? kDone : kFailed;
    const int number = WTERMSIG(status);
    dashboard::give_back(STDOUT_FILENO, settings);
    return fail({"dashboard_crashed",
                 "the dashboard was ended by signal " + std::to_string(number) + " (" +
                     strsignal(number) + "); bottles and proposals are as they were",
                 "start it again; what it said last is in " + log});
}

}  // namespace

int run_dashboard(const GlobalOptions& global, const DashboardOptions& options) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    if (auto made = (*context)->home().make(); !made) return fail(made.error());
    if (options.once) {
        print(DashboardLoop(**context).once(options.columns, options.rows));
        return kDone;
    }
    const auto settings = dashboard::terminal_settings(STDOUT_FILENO);
    if (!settings || isatty(STDIN_FILENO) == 0)
        return fail(
            {"usage", "the dashboard needs a terminal",
             "`botbottle dashboard --once` prints what it would show; `botbottle supervise` "
             "and `list` with --json are for scripts"},
            kUsage);
    const std::string log = (*context)->home().path().toStdString() + kLog;
    const pid_t child = fork();
    if (child < 0)
        return fail(files::system_failure("no_process", "start", "the dashboard").value());
    if (child == 0) draw(**context, log);
    return wait_for(child, *settings, log);
}

}  // namespace botbottle::cli
