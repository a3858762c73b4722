// botbottle-anchor: the end of a tether inside a container whose engine shares no files with the
// operator's machine. It makes the sockets that are mounted elsewhere, starts the relay as its pid
// 1 and plays the launcher to it: what the launcher says comes over the tether.
//
//   botbottle-anchor RELAY DIRECTORY SOCKET… -- RELAY'S ARGUMENTS…
//
// Its sockets have abstract names, @botbottle/NAME, of the container's own network namespace: the
// bottle has no file that it could put another one in the place of. DIRECTORY can be written to,
// and holds the session socket for the moment before it is unlinked.
//
// Started as pid 1 with the tether as stdin and stdout. The relay takes pid 1 over; this program
// goes on as its child. When either of the tether and this process ends, the relay ends, and the
// kernel ends the bottle with it.
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/descriptor.h"
#include "session/packet.h"
#include "session/request.h"
#include "tether/line.h"

namespace botbottle::tether {
namespace {

using session::Packet;
using session::Received;

constexpr int kFarewellMs = 1500;
constexpr int kMostLastPackets = 8;

// The relay's arguments name them.
constexpr const char* kNames = "@botbottle/";
constexpr const char* kMeeting = "@botbottle/relay.sock";
constexpr const char* kSessions = "/.botbottle-session.sock";

std::optional<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return std::nullopt;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.starts_with('@')) address.sun_path[0] = '\0';
    return address;
}

Descriptor listen_at(const std::string& path, int type) {
    const auto address = address_of(path);
    Descriptor listener(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!address || !listener) return {};
    const auto* const any = reinterpret_cast<const sockaddr*>(&*address);
    if (bind(listener.get(), any, sizeof *address) != 0 || listen(listener.get(), SOMAXCONN) != 0)
        return {};
    return listener;
}

Descriptor memory_file(std::string_view content) {
    Descriptor file(memfd_create("botbottle", MFD_CLOEXEC));
    if (!file ||
        write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()))
        return {};
    return file;
}

class Anchor {
  public:
    explicit Anchor(std::string directory)
        : line_(STDIN_FILENO, STDOUT_FILENO, Line::Encoding::plain),
          directory_(std::move(directory)) {
        line_.on_frame = [this](Frame& frame) { take(frame); };
    }

    // Before the relay is there to look for them.
    bool listen(const std::vector<std::string>& sockets);
    // `life`: a socket whose other end the relay has.
    int run(Descriptor life);

  private:
    struct Session {
        Descriptor relay;  // our connection to it
        std::vector<std::uint32_t> outputs;
        std::optional<std::string> last_words;  // held until the outputs are on their way
    };

    void take(Frame& frame);
    void take_packet(Session& session, std::string_view packet);
    void start(Session& session, std::string_view body);
    void accept_connection(int listener, const std::string& name);
    void meet();
    void hear_relay();
    void open_session(std::uint32_t channel);
    void hear(std::uint32_t channel);
    void close_session(std::uint32_t channel, bool tell);
    void say_last_words();
    void pass_on_the_last();
    void fail(const std::string& why);
    void resize(const Session& session, std::string_view body) const;

    Line line_;
    std::string directory_;
    std::map<std::string, Descriptor> sockets_;
    Descriptor meeting_;
    Descriptor relay_;  // the lease
    Descriptor session_listener_;
    Descriptor session_place_;  // its inode: the path is gone before anything runs in the bottle
    std::string filter_;
    std::map<std::uint32_t, Session> sessions_;
    std::uint32_t next_channel_ = kAnchorsFirst;
    bool over_ = false;
};

bool Anchor::listen(const std::vector<std::string>& sockets) {
    for (const std::string& name : sockets) {
        Descriptor listener = listen_at(kNames + name, SOCK_STREAM);
        if (!listener) return false;
        line_.watch(listener.get(),
                    [this, fd = listener.get(), name] { accept_connection(fd, name); });
        sockets_[name] = std::move(listener);
    }
    meeting_ = listen_at(kMeeting, SOCK_SEQPACKET);
    const std::string sessions = directory_ + kSessions;
    session_listener_ = listen_at(sessions, SOCK_SEQPACKET);
    session_place_.reset(open(sessions.c_str(), O_PATH | O_CLOEXEC));
    if (!meeting_ || !session_listener_ || !session_place_) return false;
    return unlink(sessions.c_str()) == 0;
}

void Anchor::fail(const std::string& why) {
    line_.send(Type::failed, 0, why);
    over_ = true;
}

void Anchor::take(Frame& frame) {
    switch (frame.type) {
        case Type::hello:
            filter_ = std::move(frame.payload);
            line_.watch(meeting_.get(), [this] { meet(); });
            return;
        case Type::commit:
            line_.forget(relay_.get());
            if (send(relay_.get(), "C", 1, MSG_NOSIGNAL) != 1) over_ = true;
            relay_.reset();
            return;
        case Type::session:
            return open_session(frame.channel);
        case Type::packet:
            if (const auto found = sessions_.find(frame.channel); found != sessions_.end())
                take_packet(found->second, frame.payload);
            return;
        case Type::gone:
            return close_session(frame.channel, false);
        default:
            over_ = true;
    }
}

// The relay connects before anything else runs in the bottle, and is its pid 1.
void Anchor::meet() {
    Descriptor found(accept4(meeting_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    ucred peer = {};
    socklen_t size = sizeof peer;
    if (!found || getsockopt(found.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        peer.pid != 1)
        return;
    line_.forget(meeting_.get());
    meeting_.reset();
    relay_ = std::move(found);
    const Descriptor filter = memory_file(filter_);
    if (!filter ||
        !session::send_bytes(relay_.get(), 'B', {}, {session_listener_.get(), filter.get()}))
        return fail("the relay is gone");
    session_listener_.reset();
    line_.watch(relay_.get(), [this] { hear_relay(); });
}

void Anchor::hear_relay() {
    Packet packet;
    const Received received = session::receive(relay_.get(), packet);
    if (received == Received::nothing) return;
    if (received == Received::packet && packet.kind == 'R') {
        line_.send(Type::ready, 0, {});
        return;
    }
    const auto fields = packet.fields();
    const bool told = received == Received::packet && packet.kind == 'E' && !fields.empty();
    fail(told ? std::string(fields[0]) : "the relay ended");
}

void Anchor::accept_connection(int listener, const std::string& name) {
    Descriptor connection(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection || line_.count() >= kMaxCarried) return;
    const std::uint32_t channel = next_channel_;
    next_channel_ += 2;
    line_.send(Type::socket, channel, name);
    line_.carry(channel, std::move(connection), Ways::both);
}

void Anchor::open_session(std::uint32_t channel) {
    // By its descriptor, since it has no path any more.
    const auto address = address_of("/proc/self/fd/" + std::to_string(session_place_.get()));
    Descriptor connection(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* const any = reinterpret_cast<const sockaddr*>(&*address);
    if (!connection || connect(connection.get(), any, sizeof *address) != 0)
        return line_.send(Type::gone, channel, {});
    line_.watch(connection.get(), [this, channel] { hear(channel); });
    sessions_[channel].relay = std::move(connection);
}

void Anchor::close_session(std::uint32_t channel, bool tell) {
    const auto found = sessions_.find(channel);
    if (found == sessions_.end()) return;
    line_.forget(found->second.relay.get());
    for (const std::uint32_t output : found->second.outputs) {
        if (tell) line_.drained(output);
        line_.drop(output, false);
    }
    sessions_.erase(found);
    if (tell) line_.send(Type::gone, channel, {});
}

void Anchor::take_packet(Session& session, std::string_view packet) {
    if (packet.empty()) return;
    const char kind = packet.front();
    packet.remove_prefix(1);
    if (kind == 'S') return start(session, packet);
    if (kind == 'W') return resize(session, packet);
    session::send_bytes(session.relay.get(), kind, packet);
}

// The body: how many pipes there are, the channel of each, and the request.
void Anchor::start(Session& session, std::string_view body) {
    const auto count = take_number(body);
    if (!count || (*count != 0 && *count != 3)) {
        over_ = true;
        return;
    }
    std::vector<Descriptor> theirs;
    for (std::uint32_t i = 0; i < *count; ++i) {
        const auto channel = take_number(body);
        int ends[2];
        if (!channel || pipe2(ends, O_CLOEXEC) != 0) {
            over_ = true;
            return;
        }
        const bool input = i == STDIN_FILENO;
        theirs.emplace_back(ends[input ? 0 : 1]);
        line_.carry(*channel, Descriptor(ends[input ? 1 : 0]), input ? Ways::out : Ways::in);
        session.outputs.push_back(*channel);
    }
    const auto document = session::seal_document(body);
    if (!document) {
        over_ = true;
    } else if (theirs.empty()) {
        session::send_bytes(session.relay.get(), 'S', {}, {document->get()});
    } else {
        session::send_bytes(session.relay.get(), 'S', {},
                            {document->get(), theirs[0].get(), theirs[1].get(), theirs[2].get()});
    }
}

void Anchor::resize(const Session& session, std::string_view body) const {
    Packet packet;
    packet.body = body;
    const auto fields = packet.fields();
    if (fields.size() != 2 || session.outputs.size() != 1) return;
    const auto columns = session::parse_number(fields[0], 1, 65535);
    const auto rows = session::parse_number(fields[1], 1, 65535);
    if (!columns || !rows) return;
    winsize size = {};
    size.ws_col = static_cast<unsigned short>(*columns);
    size.ws_row = static_cast<unsigned short>(*rows);
    ioctl(line_.carried(session.outputs.front()), TIOCSWINSZ, &size);
}

// What the relay says to a client goes on as it is; a terminal becomes a channel.
void Anchor::hear(std::uint32_t channel) {
    Session& session = sessions_.at(channel);
    Packet packet;
    const Received received = session::receive(session.relay.get(), packet);
    if (received == Received::nothing) return;
    if (received == Received::closed) return close_session(channel, true);
    std::string text(1, packet.kind);
    if (packet.kind == 'O') {
        std::uint32_t terminal = 0;
        if (!packet.descriptors.empty()) {
            terminal = next_channel_;
            next_channel_ += 2;
            line_.carry(terminal, std::move(packet.descriptors.front()), Ways::both);
            session.outputs = {terminal};
        }
        text += number_bytes(terminal);
    }
    text += packet.body;
    if (packet.kind != 'X') return line_.send(Type::packet, channel, text);
    // Its pipes may still hold what it wrote.
    session.last_words = std::move(text);
    say_last_words();
}

void Anchor::say_last_words() {
    for (auto& [channel, session] : sessions_) {
        if (!session.last_words) continue;
        bool all = true;
        for (const std::uint32_t output : session.outputs)
            all = line_.drained(output) && all;
        if (!all) continue;
        line_.send(Type::packet, channel, *session.last_words);
        session.last_words.reset();
    }
}

// The relay has ended its sessions and waits for us: what they wrote last is passed on before the
// bottle ends.
void Anchor::pass_on_the_last() {
    std::vector<std::uint32_t> channels;
    for (const auto& [channel, session] : sessions_)
        channels.push_back(channel);
    for (const std::uint32_t channel : channels) {
        // The end of the session and the end of its connection.
        for (int packets = 0; packets < kMostLastPackets && sessions_.contains(channel); ++packets)
            hear(channel);
        if (const auto left = sessions_.find(channel); left != sessions_.end()) {
            for (const std::uint32_t output : left->second.outputs)
                line_.drained(output);
        }
        if (line_.unsent() > kMostUnsent) line_.flush(kFarewellMs);
        if (line_.unsent() > kMostUnsent) break;  // nobody takes any more
    }
    over_ = true;
}

int Anchor::run(Descriptor life) {
    line_.watch(life.get(), [this] { pass_on_the_last(); });
    while (!over_ && line_.step(-1))
        say_last_words();
    line_.flush(kFarewellMs);
    return 1;
}

void complain(const char* what) {
    // The engine shows it to whoever launched the bottle.
    std::string bytes;
    append_frame(bytes, Type::failed, 0, std::string(what) + ": " + std::strerror(errno));
    (void)!write(STDOUT_FILENO, bytes.data(), bytes.size());
}

// The child is the anchor; the parent becomes the relay, with one more descriptor: one end
// of a pair of sockets whose other end the anchor holds.
int run(const std::string& relay, const std::string& directory,
        const std::vector<std::string>& sockets, std::vector<char*> arguments) {
    control::close_all_but({});  // engines have left some of the host's open (CVE-2024-21626)
    // From here on nothing else of this user can look into this process.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    auto anchor = std::make_unique<Anchor>(directory);
    if (!anchor->listen(sockets)) {
        complain("the bottle's sockets cannot be made");
        return 1;
    }
    int life[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, life) != 0) return 1;
    // A fork whose end is signalled to nobody: the relay, which waits for its children, does not
    // see this one (waitpid(2), __WCLONE), and so knows when the bottle is empty.
    const long child = syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr);
    if (child < 0) return 1;
    if (child == 0) {
        close(life[0]);
        // The relay asks every process to end; this one ends with it.
        for (const int number : {SIGTERM, SIGHUP, SIGINT, SIGPIPE})
            signal(number, SIG_IGN);
        return anchor->run(Descriptor(life[1]));
    }
    close(life[1]);
    // The tether is the child's alone: when that is gone, its other end sees it.
    const int null = open("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        dup2(null, fd);
    std::string number = std::to_string(life[0]);
    std::string option = "--until";
    arguments.insert(arguments.end() - 1, {option.data(), number.data()});
    execv(relay.c_str(), arguments.data());
    return 127;
}

}  // namespace
}  // namespace botbottle::tether

int main(int count, char** words) {
    if (getpid() != 1 || count < 5) return 2;
    std::vector<std::string> sockets;
    int at = 3;
    for (; at < count && std::string_view(words[at]) != "--"; ++at)
        sockets.emplace_back(words[at]);
    std::vector<char*> arguments = {words[1]};
    for (++at; at < count; ++at)
        arguments.push_back(words[at]);
    arguments.push_back(nullptr);
    return botbottle::tether::run(words[1], words[2], sockets, std::move(arguments));
}
