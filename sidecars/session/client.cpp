// One poll(2) loop: the connection, the caller's signals, and up to three channels.
#include "session/client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace botbottle::session {
namespace {

constexpr auto kRedrawDelay = std::chrono::milliseconds(50);
constexpr int kPipeCount = 3;

Outcome detached() {
    return {Outcome::Kind::detached, 0, "", ""};
}

// Those that the caller did not ask to be ignored (nohup). Blocked, to be read from a descriptor.
Descriptor take_signals() {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of write
    sigset_t mask;
    sigemptyset(&mask);
    for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGWINCH, SIGCONT}) {
        struct sigaction current = {};
        sigaction(number, nullptr, &current);
        if (current.sa_handler != SIG_IGN) sigaddset(&mask, number);
    }
    sigprocmask(SIG_BLOCK, &mask, nullptr);
    return Descriptor(signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
}

void make_nonblocking(const Descriptor& fd) {
    fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

// What came as a pseudo-terminal's master must be one: it is read from and written to, and its
// ioctls are used, so nothing else may pass for it.
bool is_master(int fd) {
    constexpr unsigned kMajor = 5;
    constexpr unsigned kMinor = 2;
    struct stat status = {};
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
           status.st_rdev == makedev(kMajor, kMinor) && isatty(fd) == 1;
}

// Of a bottle that shares no kernel with us the terminal stays where it is, and its bytes come over
// a socket.
bool is_stream(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

void set_size(int master, WindowSize size) {
    winsize window = {};
    window.ws_col = size.columns;
    window.ws_row = size.rows;
    ioctl(master, TIOCSWINSZ, &window);
}

}  // namespace

Client::Client(Descriptor connection)
    : connection_(std::move(connection)),
      signals_(take_signals()),
      terminal_(STDIN_FILENO, STDOUT_FILENO) {
    make_nonblocking(connection_);
}

Outcome Client::start(const Request& request) {
    Request sized = request;
    if (sized.tty) sized.tty = terminal_.size().value_or(*sized.tty);
    tty_ = sized.tty.has_value();
    name_ = sized.name;
    const auto document = seal_document(format_request(sized));
    if (!document) return failed(document.error().code, document.error().message);

    bool sent = false;
    if (tty_) {
        sent = send(connection_.get(), 'S', {}, {document->get()});
    } else {
        Descriptor theirs[kPipeCount];
        if (auto refused = open_pipes(theirs)) return *refused;
        sent = send(connection_.get(), 'S', {},
                    {document->get(), theirs[0].get(), theirs[1].get(), theirs[2].get()});
    }
    return sent ? run() : failed("not_running", "the bottle does not answer");
}

Outcome Client::take_over(const std::string& name) {
    tty_ = true;
    taken_over_ = true;
    name_ = name;
    if (!send(connection_.get(), 'A', {name})) {
        return failed("not_running", "the bottle does not answer");
    }
    return run();
}

std::optional<Outcome> Client::open_pipes(Descriptor (&theirs)[kPipeCount]) {
    Descriptor* const ours[kPipeCount] = {&input_, &output_, &errors_};
    for (int i = 0; i < kPipeCount; ++i) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) return failed("no_descriptors", std::strerror(errno));
        const bool from_caller = i == STDIN_FILENO;
        theirs[i].reset(ends[from_caller ? 0 : 1]);
        ours[i]->reset(ends[from_caller ? 1 : 0]);
        make_nonblocking(*ours[i]);
    }
    channels_[0].emplace(STDIN_FILENO, input_.get());
    channels_[1].emplace(output_.get(), STDOUT_FILENO);
    channels_[2].emplace(errors_.get(), STDERR_FILENO);
    return std::nullopt;
}

Outcome Client::run() {
    std::optional<Outcome> outcome;
    while (!outcome)
        outcome = step();
    terminal_.restore();
    const bool abrupt = outcome->kind != Outcome::Kind::exited;
    if (tty_ && output_ && abrupt) terminal_.leave_program_modes();
    return *outcome;
}

std::optional<Outcome> Client::step() {
    constexpr int kFirstChannel = 2;
    std::vector<pollfd> polled = {{signals_.get(), POLLIN, 0},
                                  {ended_ ? -1 : connection_.get(), POLLIN, 0}};
    bool idle = true;
    for (const auto& channel : channels_) {
        polled.push_back(channel ? channel->source() : pollfd{-1, 0, 0});
        polled.push_back(channel ? channel->target() : pollfd{-1, 0, 0});
        idle = idle && (!channel || channel->idle());
    }
    int timeout = -1;
    if (redraw_at_) timeout = static_cast<int>(kRedrawDelay.count());
    // All that the session wrote is in its pipes by now: what poll does not find at once is not
    // there.
    if (ended_ && idle) timeout = 0;
    const int found = poll(polled.data(), polled.size(), timeout);
    if (found == 0 && ended_ && idle) return ended_;
    if (redraw_at_ && Clock::now() >= *redraw_at_) {
        redraw_at_.reset();
        resize();
    }
    if (found <= 0) return std::nullopt;

    for (std::size_t i = 0; i < kPipeCount; ++i) {
        if (!channels_[i]) continue;
        channels_[i]->advance(polled[kFirstChannel + 2 * i].revents,
                              polled[kFirstChannel + 2 * i + 1].revents);
    }
    close_finished();
    if (leaving_) {
        channels_[0]->advance(0, POLLOUT);  // what was typed before the detach keys
        return detached();
    }
    if (polled[0].revents != 0) {
        if (auto outcome = on_signals()) return outcome;
    }
    return polled[1].revents != 0 ? on_packets() : std::nullopt;
}

// End of file and broken pipes go through: the session sees what the caller's descriptors did.
void Client::close_finished() {
    Descriptor* const ours[kPipeCount] = {&input_, &output_, &errors_};
    for (int i = 0; i < kPipeCount; ++i) {
        if (!channels_[i] || !channels_[i]->finished()) continue;
        channels_[i].reset();
        if (!tty_) ours[i]->reset();
    }
}

std::optional<Outcome> Client::on_packets() {
    Packet packet;
    switch (receive(connection_.get(), packet)) {
        case Received::nothing:
            return std::nullopt;
        case Received::closed:
            return failed("session_lost", "the bottle ended before the session did");
        case Received::packet:
            break;
    }
    const auto fields = packet.fields();
    if (packet.kind == 'R') {
        replay_ = std::move(packet.body);
    } else if (packet.kind == 'O') {
        return on_started(std::move(packet.descriptors));
    } else if (packet.kind == 'E' && fields.size() == 2) {
        return failed(std::string(fields[0]), std::string(fields[1]));
    } else if (packet.kind == 'X' && fields.size() == 2) {
        const auto kind = fields[0] == "exited" ? Outcome::Kind::exited : Outcome::Kind::signaled;
        ended_ =
            Outcome{kind, static_cast<int>(parse_number(fields[1], 0, 255).value_or(255)), "", ""};
        channels_[0].reset();
        if (!tty_) input_.reset();
    }
    return std::nullopt;
}

std::optional<Outcome> Client::on_started(std::vector<Descriptor> descriptors) {
    if (!tty_) return std::nullopt;
    remote_ = descriptors.size() == 1 && is_stream(descriptors[0].get());
    if (descriptors.size() != 1 || (!remote_ && !is_master(descriptors[0].get()))) {
        return failed("not_a_terminal", "the bottle sent something that is not a terminal");
    }
    output_ = std::move(descriptors[0]);
    make_nonblocking(output_);
    Channel::Filter filter;
    if (!name_.empty()) {
        filter = [this](std::string_view typed, std::string& forward) {
            leaving_ = detach_keys_.feed(typed, forward);
        };
    }
    channels_[0].emplace(STDIN_FILENO, output_.get(), std::move(filter));
    channels_[1].emplace(output_.get(), STDOUT_FILENO);
    channels_[1]->inject(std::exchange(replay_, {}));
    terminal_.make_raw();
    resize();
    if (taken_over_) force_redraw();
    return std::nullopt;
}

std::optional<Outcome> Client::on_signals() {
    signalfd_siginfo pending;
    while (read(signals_.get(), &pending, sizeof pending) == sizeof pending) {
        const int number = static_cast<int>(pending.ssi_signo);
        if (!tty_) {
            on_pipe_signal(number);
        } else if (auto outcome = on_terminal_signal(number)) {
            return outcome;
        }
    }
    return std::nullopt;
}

std::optional<Outcome> Client::on_terminal_signal(int number) {
    if (number == SIGCONT && output_) terminal_.make_raw();  // the shell took the modes back
    if (number == SIGCONT || number == SIGWINCH) {
        resize();
        return std::nullopt;
    }
    if (!name_.empty()) return detached();
    return Outcome{Outcome::Kind::signaled, number, "", ""};  // our going ends the session
}

void Client::on_pipe_signal(int number) {
    if (number == SIGWINCH || number == SIGCONT) return;
    const bool again = number == SIGINT && std::exchange(interrupted_, true);
    send(connection_.get(), 'K', {std::to_string(again ? SIGKILL : number)});
}

void Client::resize() {
    if (const auto size = terminal_.size()) resize(*size);
}

void Client::resize(WindowSize size) {
    if (!output_) return;
    if (!remote_) return set_size(output_.get(), size);
    send(connection_.get(), 'W', {std::to_string(size.columns), std::to_string(size.rows)});
}

// A program draws its screen again when the size changed, so it is changed and put back. Not at
// once: the two signals would be one, and the size the same as before.
void Client::force_redraw() {
    const auto size = terminal_.size();
    if (!size || size->rows < 2) return;
    const auto rows = static_cast<unsigned short>(size->rows - 1);
    resize({size->columns, rows});
    redraw_at_ = Clock::now() + kRedrawDelay;
}

}  // namespace botbottle::session
