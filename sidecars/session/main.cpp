// botbottle-session: runs or takes over a session in a bottle, lists the sessions, or ends the
// bottle.
//
//   botbottle-session --socket PATH (--request-fd N | --request-file PATH)
//   botbottle-session --socket PATH --attach NAME
//                     both: [--result-fd N | --result-file PATH]
//   botbottle-session --socket PATH --list
//   botbottle-session --socket PATH --shutdown MILLISECONDS
//
// The exit code is the session's, 128+n for a signal, 125 when there was no session. The files are
// for a client that is started where no descriptor can be passed, inside a virtual machine.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret.h"
#include "control/descriptor.h"
#include "session/client.h"
#include "session/packet.h"
#include "session/report.h"
#include "session/request.h"

namespace botbottle::session {
namespace {

constexpr int kAnswerTimeoutMs = 5000;
constexpr int kFailed = 125;

struct Options {
    std::string_view socket;
    std::optional<int> request_fd;
    std::optional<int> result_fd;
    const char* request_file = nullptr;
    const char* result_file = nullptr;
    std::optional<std::string_view> attach;
    std::optional<std::string_view> shutdown;
    bool list = false;
};

bool take_number(std::string_view text, std::optional<int>& into) {
    const auto number = parse_number(text, STDERR_FILENO + 1, 1 << 20);
    if (number) into = static_cast<int>(*number);
    return number.has_value();
}

std::optional<Options> parse_options(int count, char** words) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string_view name = words[i];
        if (name == "--list") {
            options.list = true;
            continue;
        }
        if (++i == count) return std::nullopt;
        const std::string_view value = words[i];
        if (name == "--socket")
            options.socket = value;
        else if (name == "--attach")
            options.attach = value;
        else if (name == "--shutdown")
            options.shutdown = value;
        else if (name == "--request-file")
            options.request_file = words[i];
        else if (name == "--result-file")
            options.result_file = words[i];
        else if (name == "--request-fd" && take_number(value, options.request_fd))
            continue;
        else if (name == "--result-fd" && take_number(value, options.result_fd))
            continue;
        else
            return std::nullopt;
    }
    const bool starts = options.request_fd || options.request_file != nullptr;
    const int actions = (starts ? 1 : 0) + (options.attach ? 1 : 0) + (options.shutdown ? 1 : 0) +
                        (options.list ? 1 : 0);
    return actions == 1 && !options.socket.empty() ? std::optional(options) : std::nullopt;
}

int complain(std::string_view message) {
    std::fprintf(stderr, "botbottle-session: %.*s\n", static_cast<int>(message.size()),
                 message.data());
    return kFailed;
}

Result<Descriptor> connect(std::string_view path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return failure("bad_socket", "the path is too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket) return failure("no_descriptors", std::strerror(errno));
    // A stopped relay lets its queue fill, and then connect would wait for ever.
    const timeval patience = {kAnswerTimeoutMs / 1000, 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return failure("not_running",
                       std::string("the bottle does not answer: ") + std::strerror(errno));
    }
    return socket;
}

bool wait_readable(int fd, int timeout_ms) {
    pollfd polled = {fd, POLLIN, 0};
    int found = -1;
    do {
        found = poll(&polled, 1, timeout_ms);
    } while (found < 0 && errno == EINTR);
    return found == 1;
}

int list(const Descriptor& connection) {
    Packet packet;
    if (!send(connection.get(), 'L', {}) || !wait_readable(connection.get(), kAnswerTimeoutMs) ||
        receive(connection.get(), packet) != Received::packet || packet.kind != 'L') {
        return complain("the bottle does not answer");
    }
    std::printf("%s\n", sessions_json(packet.fields()).c_str());
    return 0;
}

// Returns when the bottle's pid 1 is gone: that closes the connection.
int shutdown(const Descriptor& connection, std::string_view milliseconds) {
    const auto grace = parse_number(milliseconds, 0, 10 * 60 * 1000);
    if (!grace) return complain("--shutdown takes milliseconds, at most ten minutes");
    Packet packet;
    if (!send(connection.get(), 'Q', {milliseconds}) ||
        !wait_readable(connection.get(), static_cast<int>(*grace) + kAnswerTimeoutMs) ||
        receive(connection.get(), packet) != Received::closed) {
        return complain("the bottle did not end");
    }
    return 0;
}

// What the file holds now, in a memfd that nobody can change any more.
Result<Descriptor> sealed_file(const char* path) {
    const Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
    std::string text(kMaxRequest + 1, '\0');
    std::size_t size = 0;
    ssize_t got = file ? 1 : -1;
    while (got > 0 && size < text.size()) {
        got = read(file.get(), text.data() + size, text.size() - size);
        if (got > 0) size += static_cast<std::size_t>(got);
    }
    if (got < 0) return failure("no_request", std::string(path) + ": " + std::strerror(errno));
    text.resize(size);
    return seal_document(text);
}

Outcome run_session(Descriptor connection, const Options& options) {
    if (options.attach)
        return Client(std::move(connection)).take_over(std::string(*options.attach));
    auto request_fd = options.request_file != nullptr ? sealed_file(options.request_file)
                                                      : control::inherited(*options.request_fd);
    if (!request_fd) return failed(request_fd.error().code, request_fd.error().message);
    const auto document = SealedDocument::open(request_fd->get());
    if (!document) return failed(document.error().code, document.error().message);
    const auto request = parse_request(document->text());
    if (!request) return failed(request.error().code, request.error().message);
    return Client(std::move(connection)).start(*request);
}

// With a result descriptor the caller tells the operator; without one, we do.
int tell(const Outcome& outcome, const Descriptor& result) {
    if (result) {
        const std::string json = outcome.document() + "\n";
        if (write(result.get(), json.data(), json.size()) < 0) return kFailed;
        fsync(result.get());  // a file that another machine reads
    } else if (outcome.kind == Outcome::Kind::failed) {
        return complain(outcome.message);
    }
    return outcome.exit_code();
}

int run(const Options& options) {
    Descriptor result;
    if (options.result_fd) {
        auto inherited = control::inherited(*options.result_fd);
        if (!inherited) return complain(inherited.error().message);
        result = std::move(*inherited);
    }
    if (options.result_file != nullptr) {
        constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
        result.reset(open(options.result_file, kNew, 0644));
        if (!result)
            return complain(std::string(options.result_file) + ": " + std::strerror(errno));
    }
    auto connection = connect(options.socket);
    if (options.list || options.shutdown) {
        if (!connection) return complain(connection.error().message);
        return options.list ? list(*connection) : shutdown(*connection, *options.shutdown);
    }
    const Outcome outcome = connection
                                ? run_session(std::move(*connection), options)
                                : failed(connection.error().code, connection.error().message);
    return tell(outcome, result);
}

}  // namespace
}  // namespace botbottle::session

int main(int count, char** words) {
    // A request may hold secrets that the bottle is given in its environment.
    (void)botbottle::protect_process();
    const auto options = botbottle::session::parse_options(count, words);
    if (!options) return botbottle::session::complain("wrong arguments");
    return botbottle::session::run(*options);
}
