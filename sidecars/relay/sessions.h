// Sessions: starts, holds and ends the bottle's sessions at the host's request
// (docs/session-protocol.md), and reaps every process that the bottle leaves behind.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "control/descriptor.h"
#include "relay/loop.h"
#include "relay/replay.h"
#include "relay/spawn.h"
#include "session/packet.h"

namespace botbottle::relay {

class Sessions final : public Watcher {
  public:
    // `listener`: the session socket, which only the host can reach. `open_files`: the limit that
    // sessions get.
    Sessions(Loop& loop, control::Descriptor listener, const rlimit& open_files);
    Sessions(const Sessions&) = delete;
    Sessions& operator=(const Sessions&) = delete;

    void ready(int fd, std::uint32_t events) override;

    // Collects every child that ended. Call it on SIGCHLD.
    void reap();

    // How long the loop may sleep, and what is due after it.
    int timeout_ms() const;
    void expire();

    // The host asked for the end of the bottle, and its processes are gone or out of time.
    bool finished() const;

  private:
    using Clock = std::chrono::steady_clock;

    struct Session {
        pid_t pid;
        std::string name;  // empty: a throw-away session
        std::string program;
        std::string directory;
        control::Descriptor master;                // of its terminal, if it has one
        control::Descriptor failure;               // open until the program runs
        int client;                                // the client's socket, -1 without one
        std::unique_ptr<Replay> replay;            // while detached
        std::optional<Clock::time_point> kill_at;  // its client is gone
    };
    struct Client {
        control::Descriptor socket;
        Session* session = nullptr;
    };

    void accept();
    void serve(Client& client);
    void start(Client& client, const session::Packet& packet);
    void take_over(Client& client, const session::Packet& packet);
    void signal(const Client& client, const session::Packet& packet);
    void list(const Client& client);
    void stop(const Client& client, const session::Packet& packet);
    void disconnect(int client);

    void settle(Session& session);
    void announce(const Session& session);
    void detach(Session& session);
    void drain(Session& session);
    void ended(Session& session, int status);
    void erase(const Session& session);
    Session* find(const std::string& name);

    Loop& loop_;
    control::Descriptor listener_;
    rlimit open_files_;
    std::unordered_map<int, Client> clients_;  // by socket
    std::list<Session> sessions_;              // addresses are stable
    std::optional<Clock::time_point> stop_at_;
    bool childless_ = true;
};

}  // namespace botbottle::relay
