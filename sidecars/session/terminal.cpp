#include "session/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>

namespace botbottle::session {

void Terminal::make_raw() {
    termios modes = {};
    if (tcgetattr(input_, &modes) != 0) return;
    if (!saved_) saved_ = modes;
    cfmakeraw(&modes);
    tcsetattr(input_, TCSADRAIN, &modes);
}

void Terminal::restore() {
    if (!saved_) return;
    // What was typed for the program, and what the terminal answered to it, is not for the shell.
    stop_reports();
    // When the command was killed, the shell may have taken the terminal back already. To a group
    // in the background the kernel refuses this, unless SIGTTOU is blocked.
    sigset_t background = {};
    sigset_t before = {};
    sigemptyset(&background);
    sigaddset(&background, SIGTTOU);
    sigprocmask(SIG_BLOCK, &background, &before);
    tcsetattr(input_, TCSAFLUSH, &*saved_);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    saved_.reset();
}

std::optional<WindowSize> Terminal::size() const {
    winsize window = {};
    if (ioctl(output_, TIOCGWINSZ, &window) != 0 && ioctl(input_, TIOCGWINSZ, &window) != 0) {
        return std::nullopt;
    }
    if (window.ws_col == 0 || window.ws_row == 0) return std::nullopt;
    return WindowSize{window.ws_col, window.ws_row};
}

void Terminal::stop_reports() const {
    write_sequence(
        "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l"  // mouse
        "\x1b[?2004l\x1b[?1004l"             // bracketed paste, focus events
        "\x1b[?2031l\x1b[?2048l"             // changes of colours and of size
        "\x1b[=0u\x1b[>4;0m\x1b[?1l\x1b>");  // keys in other spellings
}

void Terminal::leave_program_modes() const {
    write_sequence(
        "\x1b[?1049l"             // alternate screen
        "\x1b[?25h\x1b[0m\r\n");  // cursor, colours
}

void Terminal::write_sequence(std::string_view sequence) const {
    if (isatty(output_) == 0) return;
    [[maybe_unused]] const auto written = write(output_, sequence.data(), sequence.size());
}

}  // namespace botbottle::session
