// The life of a session: spawned → (failure pipe closes) running → attached or detached → reaped.
// Its owner on the host is one connection; what happens when that goes is decided in detach().
#include "relay/sessions.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>
#include <vector>

namespace botbottle::relay {
namespace {

using control::Descriptor;
using session::Packet;
using session::Received;

constexpr std::size_t kMaxSessions = 64;
constexpr std::size_t kMaxClients = 128;
constexpr std::size_t kMaxListedProgram = 256;
constexpr std::size_t kDrainSize = 16 * 1024;
constexpr long kMaxGraceMs = 10 * 60 * 1000;
constexpr auto kHangupGrace = std::chrono::seconds(5);

// Every process of the bottle but this one. Only pid 1 of a namespace may mean that by -1.
void signal_all(int number) {
    if (getpid() == 1) kill(-1, number);
}

bool refuse(int client, const Error& error) {
    return session::send(client, 'E', {error.code, error.message});
}

bool refuse(int client, std::string_view code, std::string_view message) {
    return session::send(client, 'E', {code, message});
}

}  // namespace

Sessions::Sessions(Loop& loop, Descriptor listener, const rlimit& open_files)
    : loop_(loop), listener_(std::move(listener)), open_files_(open_files) {
    loop_.watch(listener_.get(), EPOLLIN, this);
}

void Sessions::ready(int fd, std::uint32_t) {
    if (fd == listener_.get()) return accept();
    if (const auto client = clients_.find(fd); client != clients_.end()) {
        return serve(client->second);
    }
    for (Session& session : sessions_) {
        if (session.failure.get() == fd) return settle(session);
        if (session.master.get() == fd) return drain(session);
    }
}

void Sessions::accept() {
    Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket || clients_.size() >= kMaxClients) return;
    const int fd = socket.get();
    clients_[fd] = Client{std::move(socket)};
    loop_.watch(fd, EPOLLIN, this);
}

void Sessions::serve(Client& client) {
    Packet packet;
    switch (session::receive(client.socket.get(), packet)) {
        case Received::nothing:
            return;
        case Received::closed:
            return disconnect(client.socket.get());
        case Received::packet:
            break;
    }
    switch (packet.kind) {
        case 'S':
            return start(client, packet);
        case 'A':
            return take_over(client, packet);
        case 'K':
            return signal(client, packet);
        case 'L':
            return list(client);
        case 'Q':
            return stop(client, packet);
        default:
            refuse(client.socket.get(), "unknown_message", "not a message of the session protocol");
    }
}

void Sessions::start(Client& client, const Packet& packet) {
    const int socket = client.socket.get();
    if (client.session != nullptr || stop_at_) {
        refuse(socket, "busy", stop_at_ ? "the bottle is stopping" : "one connection, one session");
        return;
    }
    if (sessions_.size() >= kMaxSessions) {
        refuse(socket, "too_many_sessions", "the bottle has 64 sessions");
        return;
    }
    if (packet.descriptors.empty()) {
        refuse(socket, "malformed_request", "no request came with the message");
        return;
    }
    const auto document = session::SealedDocument::open(packet.descriptors.front().get());
    if (!document) {
        refuse(socket, document.error());
        return;
    }
    const auto request = session::parse_request(document->text());
    if (!request) {
        refuse(socket, request.error());
        return;
    }
    if (packet.descriptors.size() != (request->tty ? 1u : 4u)) {
        refuse(socket, "malformed_request", "wrong number of descriptors");
        return;
    }
    std::string name(request->name);
    if (!name.empty() && find(name) != nullptr) {
        refuse(socket, "session_exists", "a session \"" + name + "\" runs already");
        return;
    }
    auto spawned = spawn(*request, std::span(packet.descriptors).subspan(1), open_files_);
    if (!spawned) {
        refuse(socket, spawned.error());
        return;
    }
    childless_ = false;
    Session& session = sessions_.emplace_back(
        Session{spawned->pid, std::move(name), std::string(request->arguments.front()),
                std::string(request->directory), std::move(spawned->master),
                std::move(spawned->failure), socket, nullptr, std::nullopt});
    client.session = &session;
    loop_.watch(session.failure.get(), EPOLLIN, this);
}

// The program runs, or it could not be started.
void Sessions::settle(Session& session) {
    SpawnFailure failure = {};
    const ssize_t size = read(session.failure.get(), &failure, sizeof failure);
    loop_.forget(session.failure.get());
    session.failure.reset();
    if (size != sizeof failure) return announce(session);
    if (session.client >= 0) {
        refuse(session.client, explain(failure, session.program, session.directory));
        clients_[session.client].session = nullptr;
    }
    erase(session);  // its process is reaped like any other
}

void Sessions::announce(const Session& session) {
    if (session.client < 0) return;
    const std::string pid = std::to_string(session.pid);
    if (session.master) {
        session::send(session.client, 'O', {pid}, {session.master.get()});
    } else {
        session::send(session.client, 'O', {pid});
    }
}

void Sessions::take_over(Client& client, const Packet& packet) {
    const int socket = client.socket.get();
    const auto fields = packet.fields();
    Session* const session = fields.size() == 1 ? find(std::string(fields[0])) : nullptr;
    if (session == nullptr || session->failure) {
        refuse(socket, "no_such_session", "no session of that name runs");
        return;
    }
    if (client.session != nullptr || session->client >= 0) {
        refuse(socket, "session_attached", "the session \"" + session->name + "\" is attached");
        return;
    }
    if (session->replay == nullptr) {
        refuse(socket, "no_terminal", "the session \"" + session->name + "\" has no terminal");
        return;
    }
    loop_.forget(session->master.get());
    const std::unique_ptr<Replay> replay = std::move(session->replay);
    session->client = socket;
    client.session = session;
    session::send_bytes(socket, 'R', replay->text());
    announce(*session);
}

void Sessions::signal(const Client& client, const Packet& packet) {
    const auto fields = packet.fields();
    const auto number =
        fields.size() == 1 ? session::parse_number(fields[0], 1, NSIG - 1) : std::nullopt;
    if (client.session == nullptr || !number) {
        refuse(client.socket.get(), "malformed_request", "no session, or not a signal");
        return;
    }
    kill(-client.session->pid, static_cast<int>(*number));
}

void Sessions::list(const Client& client) {
    std::string body;
    const auto field = [&](std::string_view text) { body.append(text).push_back('\0'); };
    for (const Session& session : sessions_) {
        field(session.name);
        field(std::to_string(session.pid));
        field(session.master ? "1" : "0");
        field(session.client >= 0 ? "1" : "0");
        field(std::string_view(session.program).substr(0, kMaxListedProgram));
    }
    session::send_bytes(client.socket.get(), 'L', body);
}

void Sessions::stop(const Client& client, const Packet& packet) {
    const auto fields = packet.fields();
    const auto grace =
        fields.size() == 1 ? session::parse_number(fields[0], 0, kMaxGraceMs) : std::nullopt;
    if (!grace) {
        refuse(client.socket.get(), "malformed_request", "not a number of milliseconds");
        return;
    }
    stop_at_ = Clock::now() + std::chrono::milliseconds(*grace);
    signal_all(SIGTERM);
    for (const Session& session : sessions_) {
        // A shell on a terminal ignores SIGTERM; the end of its terminal ends it.
        if (session.master) kill(-session.pid, SIGHUP);
    }
    signal_all(SIGCONT);
    reap();
}

void Sessions::disconnect(int client) {
    loop_.forget(client);
    Session* const session = clients_[client].session;
    clients_.erase(client);
    if (session != nullptr) detach(*session);
}

void Sessions::detach(Session& session) {
    session.client = -1;
    if (session.master && !session.name.empty()) {
        session.replay = std::make_unique<Replay>();
        loop_.watch(session.master.get(), EPOLLIN, this);
        return;
    }
    kill(-session.pid, SIGHUP);
    session.kill_at = Clock::now() + kHangupGrace;
}

// Keeps a detached session's output flowing, so that it never blocks on a screen nobody looks at.
void Sessions::drain(Session& session) {
    std::array<char, kDrainSize> output;
    const ssize_t size = read(session.master.get(), output.data(), output.size());
    if (size > 0) {
        session.replay->append({output.data(), static_cast<std::size_t>(size)});
    } else if (size == 0 || errno != EAGAIN) {
        loop_.forget(session.master.get());  // nobody in the bottle has the terminal open
    }
}

void Sessions::reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        const auto session = std::find_if(sessions_.begin(), sessions_.end(),
                                          [&](const Session& s) { return s.pid == pid; });
        if (session != sessions_.end()) ended(*session, status);
    }
    childless_ = pid < 0 && errno == ECHILD;
}

void Sessions::ended(Session& session, int status) {
    if (session.failure) {  // the end came before the news of the start
        const std::size_t before = sessions_.size();
        settle(session);
        if (sessions_.size() != before) return;
    }
    if (session.client >= 0) {
        const bool exited = WIFEXITED(status);
        session::send(session.client, 'X',
                      {exited ? "exited" : "signaled",
                       std::to_string(exited ? WEXITSTATUS(status) : WTERMSIG(status))});
        clients_[session.client].session = nullptr;
    }
    erase(session);
}

void Sessions::erase(const Session& session) {
    if (session.master) loop_.forget(session.master.get());
    sessions_.remove_if([&](const Session& other) { return &other == &session; });
}

Sessions::Session* Sessions::find(const std::string& name) {
    for (Session& session : sessions_) {
        if (session.name == name) return &session;
    }
    return nullptr;
}

int Sessions::timeout_ms() const {
    std::optional<Clock::time_point> next = stop_at_;
    for (const Session& session : sessions_) {
        if (session.kill_at && (!next || *session.kill_at < *next)) next = session.kill_at;
    }
    if (!next) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now());
    return static_cast<int>(std::max<long>(0, left.count()));
}

void Sessions::expire() {
    const auto now = Clock::now();
    for (Session& session : sessions_) {
        if (!session.kill_at || *session.kill_at > now) continue;
        kill(-session.pid, SIGKILL);
        session.kill_at.reset();
    }
}

bool Sessions::finished() const {
    return stop_at_ && (childless_ || *stop_at_ <= Clock::now());
}

}  // namespace botbottle::relay
