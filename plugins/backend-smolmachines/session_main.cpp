// botbottle-machine-session: what botbottle-session is, for a bottle in a virtual machine, where no
// descriptor and no packet socket leads into. It takes the same words; --socket names a contact
// file (exchange.h). The session's request goes in as a file, its client runs inside by `smolvm
// machine exec`, and its outcome comes back as a file.
//
//   botbottle-machine-session --socket FILE (--request-fd N | --attach NAME) [--result-fd N]
//   botbottle-machine-session --socket FILE --list
//   botbottle-machine-session --socket FILE --shutdown MILLISECONDS
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "arguments.h"
#include "exchange.h"
#include "host-bottle/fail.h"
#include "host-bottle/process.h"
#include "session_output.h"
#include "tool_error.h"

namespace backend_smolmachines {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFailed = 125;
constexpr std::size_t kLargestRequest = 2 * 1024 * 1024;
constexpr std::size_t kLargestResult = 16 * 1024;
constexpr std::chrono::seconds kSlotPatience{5};
constexpr std::chrono::milliseconds kSlotPoll{50};
constexpr std::chrono::milliseconds kHold{300};
constexpr std::chrono::seconds kControl{8};
constexpr std::chrono::seconds kHangUp{5};

struct Options {
    std::string socket;
    int request_fd = -1;
    int result_fd = -1;
    std::string attach;
    std::string shutdown;
    bool list = false;
};

std::optional<long> number_of(std::string_view text, long lowest, long highest) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < lowest ||
        value > highest)
        return std::nullopt;
    return value;
}

std::optional<Options> parse_options(int count, char** words) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string_view name = words[i];
        if (name == "--list") {
            options.list = true;
            continue;
        }
        if (++i == count) return std::nullopt;
        const std::string value = words[i];
        const auto descriptor = number_of(value, STDERR_FILENO + 1, 1 << 20);
        if (name == "--socket")
            options.socket = value;
        else if (name == "--attach")
            options.attach = value;
        else if (name == "--shutdown" && number_of(value, 0, 10 * 60 * 1000))
            options.shutdown = value;
        else if (name == "--request-fd" && descriptor)
            options.request_fd = static_cast<int>(*descriptor);
        else if (name == "--result-fd" && descriptor)
            options.result_fd = static_cast<int>(*descriptor);
        else
            return std::nullopt;
    }
    const int actions = (options.request_fd >= 0 ? 1 : 0) + (options.attach.empty() ? 0 : 1) +
                        (options.shutdown.empty() ? 0 : 1) + (options.list ? 1 : 0);
    return actions == 1 && !options.socket.empty() ? std::optional(options) : std::nullopt;
}

int complain(const std::string& message) {
    std::fprintf(stderr, "botbottle-machine-session: %s\n", message.c_str());
    return kFailed;
}

UniqueFd wait_for_slot(const Contact& contact, const char* kind, int count) {
    const auto deadline = Clock::now() + kSlotPatience;
    for (;;) {
        if (UniqueFd slot = take_slot(contact, kind, count)) return slot;
        if (Clock::now() > deadline) return {};
        std::this_thread::sleep_for(kSlotPoll);
    }
}

// A short command beside the sessions, in the slot that is kept for these.
ProgramResult control(const Contact& contact, const Words& command,
                      std::chrono::milliseconds more) {
    const UniqueFd slot = wait_for_slot(contact, "control", kControlSlots);
    Program program;
    program.argv = {contact.smolvm};
    const auto limit = std::chrono::duration_cast<std::chrono::seconds>(kControl + more);
    const Words words = exec_words(contact.machine, contact.user, Exec::buffered,
                                   static_cast<unsigned>(limit.count()), command);
    program.argv.insert(program.argv.end(), words.begin(), words.end());
    program.environment = contact.environment;
    program.timeout = limit + std::chrono::seconds(2);
    return run_program(program);
}

int list(const Contact& contact) {
    remove_stale_files(contact);
    const ProgramResult result =
        control(contact, {kMachineSession, "--socket", kMachineSessions, "--list"},
                std::chrono::milliseconds(0));
    if (result.exit_code != 0)
        return complain(explain("list the sessions", result.exit_code, result.errors).message);
    std::fwrite(result.output.data(), 1, result.output.size(), stdout);
    return 0;
}

int shutdown(const Contact& contact, const std::string& grace) {
    const ProgramResult result =
        control(contact, {kMachineSession, "--socket", kMachineSessions, "--shutdown", grace},
                std::chrono::milliseconds(*number_of(grace, 0, 10 * 60 * 1000)));
    if (result.exit_code == 0) return 0;
    return complain(explain("end the sessions", result.exit_code, result.errors).message);
}

std::string new_session_id() {
    std::array<unsigned char, 8> bytes;
    if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        fail_errno("getrandom");
    std::string id;
    for (const unsigned char byte : bytes) {
        id += "0123456789abcdef"[byte >> 4];
        id += "0123456789abcdef"[byte & 15];
    }
    return id;
}

// The value of a key of the request (docs/session-protocol.md); nothing when it has none.
std::optional<std::string> request_member(std::string_view document, std::string_view key) {
    while (!document.empty()) {
        std::string_view pair[2];
        for (std::string_view& part : pair) {
            const std::size_t end = document.find('\0');
            if (end == std::string_view::npos) return std::nullopt;
            part = document.substr(0, end);
            document.remove_prefix(end + 1);
        }
        if (pair[0] == key) return std::string(pair[1]);
    }
    return std::nullopt;
}

std::string read_result(const std::string& path) {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status = {};
    if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    try {
        return checked_outcome(read_all(file.get(), kLargestResult, path));
    } catch (const OperationError&) {
        return {};
    }
}

// One session from the operator's side: smolvm's command line program, between our caller's
// descriptors and the client inside.
class Session {
  public:
    Session(const Contact& contact, const Options& options)
        : contact_(contact), attach_(options.attach), id_(new_session_id()) {
        if (options.request_fd >= 0) {
            lseek(options.request_fd, 0, SEEK_SET);
            document_ = read_all(options.request_fd, kLargestRequest, "the request");
            tty_ = request_member(document_, "tty").has_value();
            name_ = request_member(document_, "session").value_or("");
        } else {
            tty_ = true;
            name_ = attach_;
        }
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() {
        unlink(request_file(contact_, id_).c_str());
        unlink(result_file(contact_, id_).c_str());
    }

    // The outcome, as JSON.
    std::string run() {
        const UniqueFd slot = wait_for_slot(contact_, kSessionSlot, kSessionSlots);
        if (!slot)
            return R"({"outcome": "failed", "code": "too_many_sessions", "message": )"
                   R"("six commands run in the bottle's machine at a time, and six do: end one, )"
                   R"(or leave a terminal with Ctrl-] d"})";
        remove_stale_files(contact_);
        claim_slot(contact_, slot, id_);
        if (!document_.empty()) write_request();
        if (tty_) save_terminal();
        std::signal(SIGPIPE, SIG_IGN);
        signals_ = take_signals();
        start();
        follow();
        restore_terminal();
        return outcome();
    }

  private:
    void write_request() {
        const std::string path = request_file(contact_, id_);
        const UniqueFd file(
            open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file) fail_errno(path);
        write_all(file.get(), document_, path);
    }

    Words words() const {
        Words command = {kMachineSession, "--socket", kMachineSessions};
        if (document_.empty())
            command.insert(command.end(), {"--attach", attach_});
        else
            command.insert(command.end(),
                           {"--request-file", std::string(kMachineIn) + "/requests/" + id_});
        command.insert(command.end(), {"--result-file", std::string(kMachineOut) + "/" + id_});
        return exec_words(contact_.machine, contact_.user,
                          tty_ ? Exec::terminal : Exec::interactive, 0, command);
    }

    // Those that the caller did not ask to be ignored (nohup).
    static UniqueFd take_signals() {
        sigset_t mask;
        sigemptyset(&mask);
        for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
            struct sigaction current = {};
            sigaction(number, nullptr, &current);
            if (current.sa_handler != SIG_IGN) sigaddset(&mask, number);
        }
        sigprocmask(SIG_BLOCK, &mask, nullptr);
        return UniqueFd(signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    void start() {
        std::vector<std::string> argv = {contact_.smolvm};
        const Words rest = words();
        argv.insert(argv.end(), rest.begin(), rest.end());
        const std::vector<char*> arguments = argument_pointers(argv);
        const std::vector<char*> environment = argument_pointers(contact_.environment);
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) fail_errno("pipe");
        errors_.reset(ends[0]);
        const UniqueFd theirs(ends[1]);
        const pid_t own = getpid();
        child_ = fork();
        if (child_ < 0) fail_errno("fork");
        if (child_ == 0) {
            // When we are killed it ends as for a signal: it holds a terminal and one of the eight.
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (getppid() != own) _exit(kFailed);
            dup2(theirs.get(), STDERR_FILENO);
            prepare_exec(nullptr, 0);
            if (!tty_) {
                // What Ctrl-C means is the session's to decide, and goes there by another way.
                for (const int number : {SIGINT, SIGQUIT, SIGHUP})
                    std::signal(number, SIG_IGN);
            }
            execve(arguments[0], arguments.data(), environment.data());
            _exit(127);
        }
        process_.reset(static_cast<int>(syscall(SYS_pidfd_open, child_, 0)));
    }

    void follow() {
        bool ended = false;
        std::optional<Clock::time_point> held_since;
        while (errors_ || !ended) {
            pollfd polled[] = {{signals_.get(), POLLIN, 0},
                               {errors_.get(), POLLIN, 0},
                               {ended ? -1 : process_.get(), POLLIN, 0}};
            const int timeout = ended ? 200 : held_since || kill_at_ ? 50 : -1;
            const int found = poll(polled, 3, timeout);
            if (found == 0 && ended) break;  // somebody else holds smolvm's stderr
            if (polled[0].revents != 0) on_signals();
            if (polled[1].revents != 0) on_errors();
            if (polled[2].revents != 0) ended = true;
            if (!stream_.holds())
                held_since.reset();
            else if (!held_since)
                held_since = Clock::now();
            if (held_since && !ended && Clock::now() - *held_since > kHold)
                pass_on(stream_.flush());
            if (kill_at_ && Clock::now() > *kill_at_) kill_process(process_);
        }
        int status = 0;
        while (waitpid(child_, &status, 0) < 0 && errno == EINTR)
            continue;
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    void on_errors() {
        std::array<char, 16 * 1024> buffer;
        const ssize_t size = read(errors_.get(), buffer.data(), buffer.size());
        if (size <= 0) {
            if (size == 0 || errno != EINTR) errors_.reset();
            return;
        }
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
        if (tty_)  // the session's own goes over its terminal, so all of this is smolvm's
            said_.append(bytes.substr(
                0,
                std::min(bytes.size(), kLargestResult - std::min(kLargestResult, said_.size()))));
        else
            pass_on(stream_.feed(bytes));
    }

    static void pass_on(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t size = write(STDERR_FILENO, bytes.data(), bytes.size());
            if (size < 0 && errno != EINTR) return;
            if (size > 0) bytes.remove_prefix(static_cast<std::size_t>(size));
        }
    }

    void on_signals() {
        signalfd_siginfo pending;
        while (read(signals_.get(), &pending, sizeof pending) == sizeof pending) {
            const int number = static_cast<int>(pending.ssi_signo);
            if (!tty_) {
                // The client there makes a second interrupt a kill, as it does on this side
                // elsewhere.
                control(contact_, {kMachineProgram, "signal", id_, std::to_string(number)},
                        std::chrono::milliseconds(0));
            } else if (leaving_ == 0) {
                // The terminal goes; the client inside hears of it and leaves a named session be.
                leaving_ = number;
                kill(child_, SIGTERM);
                kill_at_ = Clock::now() + kHangUp;
            }
        }
    }

    std::string outcome() {
        if (std::string told = read_result(result_file(contact_, id_));
            !told.empty() && leaving_ == 0) {
            pass_on(stream_.flush());
            return told;
        }
        if (leaving_ != 0) {
            if (!name_.empty()) return R"({"outcome": "detached"})";
            return R"({"outcome": "signaled", "signal": )" + std::to_string(leaving_) + "}";
        }
        return failed_outcome(exit_code_, tty_ ? said_ : stream_.held());
    }

    void save_terminal() {
        termios modes = {};
        if (tcgetattr(STDIN_FILENO, &modes) == 0) modes_ = modes;
    }
    void restore_terminal() {
        if (modes_) tcsetattr(STDIN_FILENO, TCSADRAIN, &*modes_);
    }

    const Contact& contact_;
    std::string attach_;
    std::string id_;
    std::string document_;
    std::string name_;
    bool tty_ = false;
    std::optional<termios> modes_;
    UniqueFd signals_;
    UniqueFd errors_;
    UniqueFd process_;
    pid_t child_ = -1;
    int exit_code_ = kFailed;
    ErrorStream stream_;
    std::string said_;
    int leaving_ = 0;
    std::optional<Clock::time_point> kill_at_;
};

int tell(const std::string& outcome, int result_fd) {
    if (result_fd >= 0) {
        const std::string line = outcome + "\n";
        if (write(result_fd, line.data(), line.size()) < 0) return kFailed;
    } else if (outcome.find(R"("failed")") != std::string::npos) {
        return complain(outcome);
    }
    return exit_code_of(outcome);
}

std::string failure_document(const OperationError& error) {
    return "{\"outcome\": \"failed\", \"code\": " + botbottle::plugin::json_string(error.code()) +
           ", \"message\": " + botbottle::plugin::json_string(error.message()) + "}";
}

int run(const Options& options) {
    try {
        const Contact contact = read_contact(options.socket);
        if (options.list) return list(contact);
        if (!options.shutdown.empty()) return shutdown(contact, options.shutdown);
        if (options.result_fd >= 0) fcntl(options.result_fd, F_SETFD, FD_CLOEXEC);
        std::string outcome;
        {
            Session session(contact, options);
            outcome = session.run();
        }
        return tell(outcome, options.result_fd);
    } catch (const OperationError& error) {
        if (options.list || !options.shutdown.empty()) return complain(error.message());
        return tell(failure_document(error), options.result_fd);
    }
}

}  // namespace
}  // namespace backend_smolmachines

int main(int count, char** words) {
    const auto options = backend_smolmachines::parse_options(count, words);
    if (!options) return backend_smolmachines::complain("wrong arguments");
    return backend_smolmachines::run(*options);
}
