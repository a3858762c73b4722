#include "cli/editor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <QFile>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "bottles/child_process.h"

namespace botbottle::cli {
namespace {

constexpr int kNotStarted = 127;

std::string editor_command() {
    for (const char* name : {"VISUAL", "EDITOR"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') return value;
    }
    return "vi";
}

// While it lives, Ctrl-C is the editor's.
class IgnoredInterrupts {
  public:
    IgnoredInterrupts() {
        struct sigaction ignore {};
        ignore.sa_handler = SIG_IGN;
        sigaction(SIGINT, &ignore, &interrupt_);
        sigaction(SIGQUIT, &ignore, &quit_);
    }
    ~IgnoredInterrupts() {
        sigaction(SIGINT, &interrupt_, nullptr);
        sigaction(SIGQUIT, &quit_, nullptr);
    }
    IgnoredInterrupts(const IgnoredInterrupts&) = delete;
    IgnoredInterrupts& operator=(const IgnoredInterrupts&) = delete;

  private:
    struct sigaction interrupt_ {};
    struct sigaction quit_ {};
};

}  // namespace

Result<void> open_in_editor(const QString& file) {
    const std::string editor = editor_command();
    const std::string script = editor + " \"$@\"";
    const QByteArray path = QFile::encodeName(file);
    const IgnoredInterrupts ignored;
    const pid_t child = fork();
    if (child == 0) {
        reset_signals();
        execlp("sh", "sh", "-c", script.c_str(), editor.c_str(), path.constData(), nullptr);
        _exit(kNotStarted);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return failure("editor_failed", "the editor \"" + editor + "\" did not end well",
                   "set VISUAL or EDITOR to one that works here");
}

}  // namespace botbottle::cli
