// Terminal: the operator's own, put into raw mode for a session and given back as it was.
#pragma once

#include <termios.h>

#include <optional>
#include <string_view>

#include "session/request.h"

namespace botbottle::session {

class Terminal {
  public:
    // `input` need not be a terminal: then nothing is ever changed.
    Terminal(int input, int output) : input_(input), output_(output) {}
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() { restore(); }

    void make_raw();
    // A program that ends may leave the terminal reporting what the mouse does, and questions to it
    // that it has yet to answer: both would be keystrokes for the operator's shell.
    void restore();

    std::optional<WindowSize> size() const;

    // Takes back what a full-screen program leaves on the screen when it cannot say good-bye:
    // alternate screen, hidden cursor, colours.
    void leave_program_modes() const;

  private:
    void stop_reports() const;
    void write_sequence(std::string_view sequence) const;

    int input_;
    int output_;
    std::optional<termios> saved_;
};

}  // namespace botbottle::session
