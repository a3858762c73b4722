// botbottle-relay: pid 1 of a bottle. Gives up every privilege, forwards loopback ports to the
// sidecars' sockets, and runs the sessions that the host asks for. It is the only program of ours
// in there, so it assumes that everything around it is hostile but the two descriptors that it
// inherited, or got where it was told to ask for them.
//
//   botbottle-relay (--lease FD --listen FD | --rendezvous PATH [--until FD])
//                   [--forward PORT=PATH]… [--uid N --gid N] [--pids N]
//
// A PATH that begins with `@` is an abstract name, filled with NULs to the length of an address.
// --until: an inherited socket at whose hang-up the relay ends, and the kernel the bottle.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/descriptor.h"
#include "relay/forward.h"
#include "relay/loop.h"
#include "relay/privileges.h"
#include "relay/rendezvous.h"
#include "relay/sessions.h"
#include "session/packet.h"

namespace botbottle::relay {
namespace {

using control::Descriptor;
using session::parse_number;

constexpr std::size_t kMaxConnections = 256;
constexpr rlim_t kDescriptorsPerConnection = 6;  // two sockets and two pipes
constexpr rlim_t kOtherDescriptors = 400;        // clients and sessions

struct Options {
    struct Forward {
        std::uint16_t port;
        std::string_view path;
    };
    int lease = -1;
    int listen = -1;
    int until = -1;
    const char* rendezvous = nullptr;
    std::vector<Forward> forwards;
    long uid = -1;
    long gid = -1;
    long pids = 0;
};

bool parse_forward(std::string_view text, Options& options) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return false;
    const auto port = parse_number(text.substr(0, equals), 1, 65535);
    if (!port) return false;
    options.forwards.push_back({static_cast<std::uint16_t>(*port), text.substr(equals + 1)});
    return true;
}

bool parse_option(std::string_view name, std::string_view value, Options& options) {
    if (name == "--forward") return parse_forward(value, options);
    const auto number = parse_number(value, 0, 0xfffffffeL);
    if (!number) return false;
    if (name == "--lease")
        options.lease = static_cast<int>(*number);
    else if (name == "--listen")
        options.listen = static_cast<int>(*number);
    else if (name == "--until")
        options.until = static_cast<int>(*number);
    else if (name == "--uid")
        options.uid = *number;
    else if (name == "--gid")
        options.gid = *number;
    else if (name == "--pids")
        options.pids = *number;
    else
        return false;
    return true;
}

std::optional<Options> parse_options(int count, char** words) {
    Options options;
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count) return std::nullopt;
        if (std::string_view(words[i]) == "--rendezvous")
            options.rendezvous = words[i + 1];
        else if (!parse_option(words[i], words[i + 1], options))
            return std::nullopt;
    }
    const bool inherits = options.lease > STDERR_FILENO && options.listen > STDERR_FILENO;
    const bool inherits_nothing = options.lease < 0 && options.listen < 0;
    const bool complete =
        options.rendezvous != nullptr ? inherits_nothing : inherits && options.until < 0;
    const bool identified = (options.uid < 0) == (options.gid < 0);
    return complete && identified ? std::optional(options) : std::nullopt;
}

int complain(const std::string& message) {
    std::fprintf(stderr, "botbottle-relay: %s\n", message.c_str());
    return 1;
}

// To the launcher as well, who may not see what an engine does with our stderr.
int complain(const Descriptor& lease, const std::string& message) {
    session::send(lease.get(), 'E', {message});
    return complain(message);
}

Result<void> give_up(const Options& options) {
    // First of all: from here on nothing else of this user can look into this process.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    std::optional<Identity> identity;
    if (options.uid >= 0) {
        identity = Identity{static_cast<uid_t>(options.uid), static_cast<gid_t>(options.gid)};
    }
    if (auto given_up = give_up_privileges(identity); !given_up) return given_up;
    return limit_processes(static_cast<unsigned long>(options.pids));
}

// The relay takes as many descriptors as it may; its sessions get back what it was given.
rlimit raise_open_files() {
    rlimit given = {};
    getrlimit(RLIMIT_NOFILE, &given);
    const rlimit raised = {given.rlim_max, given.rlim_max};
    setrlimit(RLIMIT_NOFILE, &raised);
    return given;
}

std::size_t connection_capacity(rlim_t open_files) {
    if (open_files <= kOtherDescriptors) return 1;
    const rlim_t fitting = (open_files - kOtherDescriptors) / kDescriptorsPerConnection;
    return std::clamp<std::size_t>(fitting, 1, kMaxConnections);
}

// SIGCHLD as something to poll. Every other signal from inside the bottle is dropped by the kernel:
// pid 1 of a namespace receives only what it handles.
Descriptor watch_children() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, nullptr);
    return Descriptor(signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
}

class ChildSignal final : public Watcher {
  public:
    ChildSignal(Loop& loop, Sessions& sessions)
        : descriptor_(watch_children()), sessions_(sessions) {
        loop.watch(descriptor_.get(), EPOLLIN, this);
    }
    void ready(int fd, std::uint32_t) override {
        signalfd_siginfo pending;
        while (read(fd, &pending, sizeof pending) > 0)
            continue;
        sessions_.reap();
    }

  private:
    Descriptor descriptor_;
    Sessions& sessions_;
};

class HangUp final : public Watcher {
  public:
    HangUp(Loop& loop, Descriptor descriptor) : descriptor_(std::move(descriptor)) {
        if (descriptor_) loop.watch(descriptor_.get(), EPOLLIN, this);
    }
    void ready(int, std::uint32_t) override { happened_ = true; }
    bool happened() const { return happened_; }

    // Says that this is the end, and waits until what is on its way out has been passed on.
    void say_farewell() const {
        constexpr int kFarewellMs = 2000;
        if (!descriptor_ || happened_) return;
        shutdown(descriptor_.get(), SHUT_WR);
        pollfd gone = {descriptor_.get(), POLLIN, 0};
        while (poll(&gone, 1, kFarewellMs) < 0 && errno == EINTR)
            continue;
    }

  private:
    Descriptor descriptor_;
    bool happened_ = false;
};

// Tells the launcher that the bottle answers, and waits until it has written down that the bottle
// exists. False when the launcher died before: nobody would ever find this bottle.
bool commit(Descriptor lease) {
    char answer = 0;
    ssize_t size = write(lease.get(), "R", 1);
    do {
        size = size < 0 && errno != EINTR ? -1 : read(lease.get(), &answer, 1);
    } while (size < 0 && errno == EINTR);
    return size == 1 && answer == 'C';
}

Result<Arrival> inherit(const Options& options) {
    control::close_all_but({options.lease, options.listen});
    auto lease = control::inherited(options.lease);
    auto listener = control::inherited(options.listen);
    if (!lease || !listener)
        return failure("rendezvous", "the lease or the session socket is not open");
    return Arrival{std::move(*lease), std::move(*listener), Descriptor()};
}

int run(const Options& options) {
    auto arrival =
        options.rendezvous != nullptr ? meet(options.rendezvous, options.until) : inherit(options);
    if (!arrival) return complain(arrival.error().message);
    Descriptor until;
    if (options.until >= 0) {
        auto inherited = control::inherited(options.until);
        if (!inherited) return complain(arrival->lease, inherited.error().message);
        until = std::move(*inherited);
    }
    const Descriptor& lease = arrival->lease;
    if (auto given_up = give_up(options); !given_up)
        return complain(lease, given_up.error().message);
    if (arrival->filter) {
        if (auto applied = apply_filter(arrival->filter); !applied)
            return complain(lease, applied.error().message);
        arrival->filter.reset();
    }

    const rlimit open_files = raise_open_files();
    Loop loop;
    Forwarder forwarder(loop, connection_capacity(open_files.rlim_max));
    for (const auto& forward : options.forwards) {
        if (auto listening = forwarder.listen(forward.port, forward.path); !listening) {
            return complain(lease, listening.error().message);
        }
    }
    Sessions sessions(loop, std::move(arrival->listener), open_files);
    const ChildSignal child_signal(loop, sessions);
    const HangUp hang_up(loop, std::move(until));
    if (!commit(std::move(arrival->lease))) return complain("the launcher is gone");

    while (!sessions.finished() && !hang_up.happened()) {
        loop.wait(sessions.timeout_ms());
        sessions.expire();
    }
    hang_up.say_farewell();
    return 0;
}

}  // namespace
}  // namespace botbottle::relay

int main(int count, char** words) {
    if (getpid() != 1) return botbottle::relay::complain("runs as pid 1 of a bottle only");
    const auto options = botbottle::relay::parse_options(count, words);
    if (!options) return botbottle::relay::complain("wrong arguments");
    return botbottle::relay::run(*options);
}
