#include "dashboard/screen.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace botbottle::dashboard {
namespace {

// The alternate screen, no cursor, no wrapping at the edge.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[?7l\033[0m\033[2J";
constexpr std::string_view kLeave = "\033[0m\033[?7h\033[?25h\033[?1049l";

void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EAGAIN) {
            struct pollfd ready = {fd, POLLOUT, 0};
            poll(&ready, 1, 1000);
        } else if (count >= 0 || errno != EINTR) {
            return;  // the terminal is gone
        }
    }
}

}  // namespace

ScreenSize screen_size(int fd) {
    struct winsize size = {};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
    return {size.ws_col, size.ws_row};
}

std::optional<struct termios> terminal_settings(int fd) {
    struct termios settings = {};
    if (tcgetattr(fd, &settings) != 0) return std::nullopt;
    return settings;
}

void give_back(int fd, const struct termios& settings) {
    // The shell may have the terminal already, when the process that was typed was killed: who does
    // not want to hear of that may still set it.
    sigset_t wanted;
    sigset_t before;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTTOU);
    sigprocmask(SIG_BLOCK, &wanted, &before);
    write_all(fd, kLeave);
    // What was typed at the dashboard is not for the shell.
    tcsetattr(fd, TCSAFLUSH, &settings);
    sigprocmask(SIG_SETMASK, &before, nullptr);
}

bool Screen::enter() {
    if (before_) return true;
    before_ = terminal_settings(fd_);
    if (!before_) return false;
    struct termios raw = *before_;
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON | BRKINT | INPCK | ISTRIP);
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;  // not 0: a shell that reads meanwhile would take nothing for the end
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(fd_, TCSAFLUSH, &raw) != 0) return false;
    write_all(fd_, kEnter);
    return true;
}

void Screen::leave() {
    if (!before_) return;
    give_back(fd_, *before_);
    before_.reset();
}

void Screen::write(const QByteArray& bytes) const {
    if (before_) write_all(fd_, {bytes.constData(), static_cast<std::size_t>(bytes.size())});
}

void Screen::forget_typed() const {
    tcflush(fd_, TCIFLUSH);
}

}  // namespace botbottle::dashboard
