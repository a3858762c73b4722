// Client: the operator's end of one session. Copies between the caller's stdin, stdout and stderr
// and the session, and hands none of the caller's own descriptors to the bottle: a file given away
// as stdin could be reopened for writing, and a terminal could be typed into.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "session/channel.h"
#include "session/detach_keys.h"
#include "session/packet.h"
#include "session/report.h"
#include "session/request.h"
#include "session/terminal.h"

namespace botbottle::session {

class Client {
  public:
    explicit Client(Descriptor connection);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Starts a session, or takes over the detached one of that name, and stays until it ends or the
    // operator leaves. Once only.
    Outcome start(const Request& request);
    Outcome take_over(const std::string& name);

  private:
    using Clock = std::chrono::steady_clock;

    Outcome run();
    std::optional<Outcome> step();
    std::optional<Outcome> on_packets();
    std::optional<Outcome> on_started(std::vector<Descriptor> descriptors);
    std::optional<Outcome> on_signals();
    std::optional<Outcome> on_terminal_signal(int number);
    void on_pipe_signal(int number);
    std::optional<Outcome> open_pipes(Descriptor (&theirs)[3]);
    void close_finished();
    void resize();
    void resize(WindowSize size);
    void force_redraw();

    Descriptor connection_;
    Descriptor signals_;
    Terminal terminal_;
    bool tty_ = false;
    bool remote_ = false;  // the terminal is on another machine, and is told of sizes by message
    std::string name_;     // of a session that can be left and found again

    // Our ends. With a terminal, the master is both input and output.
    Descriptor input_;
    Descriptor output_;
    Descriptor errors_;
    std::optional<Channel> channels_[3];  // stdin, stdout, stderr

    DetachKeys detach_keys_;
    bool leaving_ = false;
    bool taken_over_ = false;
    std::string replay_;
    std::optional<Clock::time_point> redraw_at_;
    bool interrupted_ = false;
    std::optional<Outcome> ended_;  // but its output may not be copied yet
};

}  // namespace botbottle::session
