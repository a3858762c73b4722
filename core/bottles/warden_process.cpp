#include "bottles/warden_process.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>

#include "bottles/child_process.h"
#include "bottles/installation.h"
#include "files/system_error.h"

namespace botbottle {
namespace {

constexpr int kControl = 3;

// Between fork and exec: system calls only.
[[noreturn]] void become_warden(const char* program, int control, int log) {
    umask(077);
    if (chdir("/") != 0) _exit(127);
    const int null = open("/dev/null", O_RDWR);
    const ChildDescriptor descriptors[] = {{null, 0}, {null, 1}, {log, 2}, {control, kControl}};
    if (!place_descriptors(descriptors, 4)) _exit(127);
    reset_signals();
    char name[] = "botbottle-warden";
    char* const arguments[] = {name, nullptr};
    char* const environment[] = {nullptr};
    execve(program, arguments, environment);
    _exit(127);
}

}  // namespace

Result<WardenConnection> start_warden(const QString& log_file) {
    const std::string program = libexec_directory().toStdString() + "/botbottle-warden";
    if (access(program.c_str(), X_OK) != 0)
        return files::system_failure("incomplete_installation", "run", program,
                                     "install botbottle again: this program belongs to it");
    const UniqueFd log(open(log_file.toLocal8Bit().constData(),
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!log) return files::system_failure("cannot_write", "open", log_file.toStdString());
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return files::system_failure("cannot_start_warden", "make", "a socket pair");
    UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]);

    // Twice, so that the warden is nobody's child: it outlives this command and leaves no zombie.
    const pid_t first = fork();
    if (first < 0) return files::system_failure("cannot_start_warden", "start", "the warden");
    if (first == 0) {
        setsid();
        const pid_t second = fork();
        if (second == 0) become_warden(program.c_str(), theirs.get(), log.get());
        _exit(second < 0 ? 1 : 0);
    }
    int status = 0;
    while (waitpid(first, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) return failure("cannot_start_warden", "cannot start the warden");
    return WardenConnection(std::move(ours));
}

}  // namespace botbottle
