// botbottle-tether: the operator's end of a tether. It connects what comes out of the bottle to the
// sidecars' sockets, and clients of the session socket to the relay inside. It is the process
// whose end is the bottle's end: the engine closes the other side of the stream, and the anchor
// ends there.
//
//   botbottle-tether --sockets DIRECTORY
//
// Inherits: 0, the launcher, who gets `R` or `E` and the reason, and says `C` once it has written
// down that the bottle exists; 3, the engine's attached stream; 4, the session socket; 5, the
// filter.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "control/descriptor.h"
#include "session/packet.h"
#include "session/request.h"
#include "tether/line.h"

namespace botbottle::tether {
namespace {

using session::Packet;
using session::Received;

constexpr int kLauncher = 0;
constexpr int kStream = 3;
constexpr int kSessions = 4;
constexpr int kFilter = 5;
constexpr std::size_t kMaxSessions = 128;
constexpr int kFarewellMs = 2000;
constexpr std::size_t kMaxFilter = 64 * 1024;

std::optional<std::string> content_of(int file, std::size_t most) {
    std::string text(most, '\0');
    const ssize_t size = pread(file, text.data(), text.size(), 0);
    if (size < 0) return std::nullopt;
    text.resize(static_cast<std::size_t>(size));
    return text;
}

// Of a sidecar, below `directory`. `name` comes from inside: only a plain one will do.
Descriptor connect_to(const std::string& directory, std::string_view name) {
    for (const std::string_view known : {"egress.sock", "mcp.sock", "git.sock"}) {
        if (name != known) continue;
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        const std::string path = directory + '/' + std::string(name);
        if (path.size() >= sizeof address.sun_path) return {};
        std::memcpy(address.sun_path, path.data(), path.size());
        // A sidecar that does not accept is not waited for.
        Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const auto* const any = reinterpret_cast<const sockaddr*>(&address);
        if (socket && connect(socket.get(), any, sizeof address) == 0) return socket;
    }
    return {};
}

bool is_anchors(std::uint32_t channel) {
    return channel % 2 == kAnchorsFirst % 2;
}

class Tether {
  public:
    explicit Tether(std::string directory)
        : line_(kStream, kStream, Line::Encoding::engine), directory_(std::move(directory)) {
        line_.on_frame = [this](Frame& frame) { take(frame); };
    }

    int run();

  private:
    struct Session {
        Descriptor client;
        std::vector<std::uint32_t> outputs;
        std::optional<std::string> last_words;  // held until the outputs are with the client
    };

    void take(Frame& frame);
    void open_socket(std::uint32_t channel, std::string_view name);
    void hear_launcher();
    void accept_client();
    void hear(std::uint32_t channel);
    void start(std::uint32_t channel, Session& session, Packet& packet);
    void tell_client(std::uint32_t channel, std::string_view packet);
    void started(Session& session, std::string_view body);
    void close_session(std::uint32_t channel, bool tell);
    void say_last_words();
    void tell_launcher(char kind, std::string_view why);

    Line line_;
    std::string directory_;
    std::map<std::uint32_t, Session> sessions_;
    std::uint32_t next_channel_ = kTethersFirst;
    bool committed_ = false;
    bool over_ = false;
};

void Tether::tell_launcher(char kind, std::string_view why) {
    if (!committed_) session::send(kLauncher, kind, {why});
}

void Tether::take(Frame& frame) {
    switch (frame.type) {
        case Type::ready:
            return tell_launcher('R', {});
        case Type::failed:
            tell_launcher('E', frame.payload);
            over_ = true;
            return;
        case Type::socket:
            return open_socket(frame.channel, frame.payload);
        case Type::packet:
            return tell_client(frame.channel, frame.payload);
        case Type::gone:
            return close_session(frame.channel, false);
        default:
            over_ = true;
    }
}

void Tether::open_socket(std::uint32_t channel, std::string_view name) {
    if (!is_anchors(channel)) {
        over_ = true;
        return;
    }
    // Nothing of the bottle's goes anywhere before it is known to exist.
    const bool may = committed_ && line_.count() < kMaxCarried;
    Descriptor socket = may ? connect_to(directory_, name) : Descriptor();
    if (!socket || line_.carried(channel) >= 0) return line_.send(Type::gone, channel, {});
    line_.carry(channel, std::move(socket), Ways::both);
}

void Tether::hear_launcher() {
    Packet packet;
    const Received received = session::receive(kLauncher, packet);
    if (received == Received::nothing) return;
    line_.forget(kLauncher);
    over_ = received != Received::packet || packet.kind != 'C';
    if (over_) return;
    committed_ = true;
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, kLauncher);
    line_.send(Type::commit, 0, {});
}

void Tether::accept_client() {
    Descriptor client(accept4(kSessions, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client || sessions_.size() >= kMaxSessions || !control::peer_may_control(client.get()))
        return;
    const std::uint32_t channel = next_channel_;
    next_channel_ += 2;
    line_.send(Type::session, channel, {});
    line_.watch(client.get(), [this, channel] { hear(channel); });
    sessions_[channel].client = std::move(client);
}

void Tether::close_session(std::uint32_t channel, bool tell) {
    const auto found = sessions_.find(channel);
    if (found == sessions_.end()) return;
    line_.forget(found->second.client.get());
    for (const std::uint32_t output : found->second.outputs) {
        if (tell) line_.drained(output);  // what was typed before the client left
        line_.drop(output, true);
    }
    sessions_.erase(found);
    if (tell) line_.send(Type::gone, channel, {});
}

void Tether::hear(std::uint32_t channel) {
    Session& session = sessions_.at(channel);
    Packet packet;
    const Received received = session::receive(session.client.get(), packet);
    if (received == Received::nothing) return;
    if (received == Received::closed) return close_session(channel, true);
    if (packet.kind == 'S') return start(channel, session, packet);
    line_.send(Type::packet, channel, std::string(1, packet.kind) + packet.body);
}

void Tether::start(std::uint32_t channel, Session& session, Packet& packet) {
    const auto document = packet.descriptors.empty()
                              ? Result<session::SealedDocument>(failure("none", ""))
                              : session::SealedDocument::open(packet.descriptors.front().get());
    const std::size_t pipes = packet.descriptors.empty() ? 0 : packet.descriptors.size() - 1;
    if (!document || (pipes != 0 && pipes != 3)) {
        session::send(session.client.get(), 'E', {"malformed_request", "not a request"});
        return;
    }
    std::string text = "S" + number_bytes(static_cast<std::uint32_t>(pipes));
    std::vector<std::uint32_t> outputs;
    for (std::size_t i = 0; i < pipes; ++i) {
        outputs.push_back(next_channel_);
        text += number_bytes(next_channel_);
        next_channel_ += 2;
    }
    text += document->text();
    line_.send(Type::packet, channel, text);
    for (std::size_t i = 0; i < pipes; ++i)
        line_.carry(outputs[i], std::move(packet.descriptors[i + 1]),
                    i == STDIN_FILENO ? Ways::in : Ways::out);
    session.outputs = std::move(outputs);
}

void Tether::tell_client(std::uint32_t channel, std::string_view packet) {
    const auto found = sessions_.find(channel);
    if (found == sessions_.end() || packet.empty()) return;
    const char kind = packet.front();
    if (kind == 'O') return started(found->second, packet.substr(1));
    if (kind != 'X') {
        session::send_bytes(found->second.client.get(), kind, packet.substr(1));
        return;
    }
    found->second.last_words = std::string(packet);
    say_last_words();
}

// The terminal itself is inside. The client gets one end of a socket pair and tells sizes to us.
void Tether::started(Session& session, std::string_view body) {
    const auto terminal = take_number(body);
    if (!terminal || *terminal == 0) {
        session::send_bytes(session.client.get(), 'O', body);
        return;
    }
    int ends[2];
    if (!is_anchors(*terminal) || line_.carried(*terminal) >= 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        over_ = true;
        return;
    }
    const Descriptor theirs(ends[1]);
    session.outputs = {*terminal};
    line_.carry(*terminal, Descriptor(ends[0]), Ways::both);
    session::send_bytes(session.client.get(), 'O', body, {theirs.get()});
}

void Tether::say_last_words() {
    for (auto& [channel, session] : sessions_) {
        if (!session.last_words) continue;
        bool all = true;
        for (const std::uint32_t output : session.outputs)
            all = line_.flushed(output) && all;
        if (!all) continue;
        session::send_bytes(session.client.get(), session.last_words->front(),
                            std::string_view(*session.last_words).substr(1));
        session.last_words.reset();
    }
}

int Tether::run() {
    const auto filter = content_of(kFilter, kMaxFilter);
    if (!filter || filter->empty()) return 1;
    close(kFilter);
    line_.send(Type::hello, 0, *filter);
    line_.watch(kLauncher, [this] { hear_launcher(); });
    line_.watch(kSessions, [this] { accept_client(); });
    while (!over_ && line_.step(-1))
        say_last_words();
    line_.deliver(kFarewellMs);
    say_last_words();
    tell_launcher('E', "the container ended before its relay answered");
    return committed_ ? 0 : 1;
}

int complain(const char* message) {
    std::fprintf(stderr, "botbottle-tether: error: %s\n", message);
    return 2;
}

}  // namespace
}  // namespace botbottle::tether

int main(int count, char** words) {
    using namespace botbottle::tether;
    if (count != 3 || std::string_view(words[1]) != "--sockets") return complain("wrong arguments");
    if (!botbottle::protect_process()) return complain("the process cannot be protected");
    for (const int fd : {kStream, kSessions, kFilter}) {
        auto inherited = botbottle::control::inherited(fd);
        if (!inherited) return complain(inherited.error().message.c_str());
        inherited->release();
    }
    botbottle::control::close_all_but({kStream, kSessions, kFilter});
    signal(SIGPIPE, SIG_IGN);
    setsid();
    umask(077);
    clearenv();
    if (chdir("/") != 0) return complain("cannot let go of the directory");
    return Tether(words[2]).run();
}
