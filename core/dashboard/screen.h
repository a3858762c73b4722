// Screen: the operator's terminal while the dashboard has it, and how it is given back.
//
// Plain control sequences that every terminal of the last decades knows (ECMA-48 and xterm's
// alternate screen), so that giving back is one write of constant bytes
// (docs/decisions/0026-the-dashboard-draws-itself.md).
#pragma once

#include <termios.h>

#include <QByteArray>
#include <optional>

namespace botbottle::dashboard {

struct ScreenSize {
    int columns = 80;
    int rows = 24;
};
ScreenSize screen_size(int fd);

// The settings of a terminal, to be given back by whoever outlives the dashboard.
std::optional<struct termios> terminal_settings(int fd);

// Shows what was there before, the cursor included. Async-signal-safe; harmless when it was given
// back already.
void give_back(int fd, const struct termios& settings);

class Screen {
  public:
    explicit Screen(int fd) : fd_(fd) {}
    ~Screen() { leave(); }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    // false: it is no terminal.
    bool enter();
    void leave();
    void write(const QByteArray& bytes) const;
    // Drops what was typed and not read.
    void forget_typed() const;

  private:
    int fd_;
    std::optional<struct termios> before_;
};

}  // namespace botbottle::dashboard
