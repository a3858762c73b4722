#include "bottles/warden_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <QJsonDocument>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "bottles/interrupt.h"
#include "files/system_error.h"

namespace botbottle {
namespace {

constexpr std::size_t kLongestLine = 8 * 1024 * 1024;
constexpr int kWriteTimeoutMs = 10'000;

using Clock = std::chrono::steady_clock;

class Deadline {
  public:
    explicit Deadline(int timeout_ms)
        : end_(Clock::now() + std::chrono::milliseconds(timeout_ms)) {}
    int remaining_ms() const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now());
        return left.count() > 0 ? static_cast<int>(left.count()) : 0;
    }

  private:
    Clock::time_point end_;
};

tl::unexpected<Error> gone() {
    return failure("warden_gone", "the warden has gone away",
                   "its log is in the logs directory of botbottle's home");
}

Result<void> wait_for(int fd, short events, const Deadline& deadline) {
    struct pollfd ready = {fd, events, 0};
    for (;;) {
        const int count = poll(&ready, 1, deadline.remaining_ms());
        if (count > 0) return {};
        if (count == 0) return failure("timeout", "the warden did not answer in time");
        if (errno != EINTR) return files::system_failure("warden_gone", "wait for", "the warden");
        if (interrupted()) return interrupted_failure();
    }
}

// A buffer for secrets: of its full size from the start, because growing would leave copies behind.
class WipedText {
  public:
    explicit WipedText(std::size_t capacity) { text_.reserve(capacity); }
    ~WipedText() { wipe_memory(text_.data(), text_.size()); }
    WipedText(const WipedText&) = delete;
    WipedText& operator=(const WipedText&) = delete;

    void append(std::string_view bytes) { text_ += bytes; }
    void append_json_string(std::string_view bytes) {
        constexpr char kHex[] = "0123456789abcdef";
        text_ += '"';
        for (const char c : bytes) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 0x20) {
                text_ += "\\u00";
                text_ += kHex[byte >> 4];
                text_ += kHex[byte & 15];
            } else {
                if (c == '"' || c == '\\') text_ += '\\';
                text_ += c;
            }
        }
        text_ += '"';
    }
    // "name":{slot: value, …}
    void append_member(std::string_view name, const std::map<std::string, Secret>& secrets) {
        append_json_string(name);
        append(":{");
        const char* separator = "";
        for (const auto& [slot, secret] : secrets) {
            append(separator);
            append_json_string(slot);
            append(":");
            append_json_string(secret.reveal());
            separator = ",";
        }
        append("}");
    }
    std::string_view view() const { return text_; }

  private:
    std::string text_;
};

std::size_t room_for(const std::map<std::string, Secret>& secrets) {
    std::size_t room = 64;
    for (const auto& [slot, secret] : secrets)
        room += 6 * (slot.size() + secret.size()) + 8;
    return room;
}

Result<QJsonObject> result_of(const QJsonObject& answer) {
    if (const auto error = answer.value(QLatin1String("error")); error.isObject()) {
        const QJsonObject object = error.toObject();
        const auto text = [&object](const char* key) {
            return object.value(QLatin1String(key)).toString().toStdString();
        };
        return failure(text("code"), text("message"), text("hint"));
    }
    return answer.value(QLatin1String("result")).toObject();
}

}  // namespace

Result<WardenConnection> WardenConnection::open(const QString& runtime_dir) {
    const std::string path = runtime_dir.toStdString() + "/control.sock";
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return failure("warden_gone", "the path of the control socket is too long: " + path);
    path.copy(address.sun_path, path.size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return files::system_failure("warden_gone", "make", "a socket");
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return gone();
    struct ucred peer = {};
    socklen_t size = sizeof peer;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        (peer.uid != geteuid() && peer.uid != 0))
        return failure("warden_gone", "the control socket belongs to another user: " + path);
    return WardenConnection(std::move(socket));
}

Result<QJsonObject> WardenConnection::call(const QString& method, const QJsonObject& params,
                                           int timeout_ms) {
    if (auto sent = send(method, params); !sent) return tl::make_unexpected(sent.error());
    return receive(timeout_ms);
}

Result<void> WardenConnection::send(const QString& method, const QJsonObject& params) {
    const QJsonObject request = {{QStringLiteral("id"), next_id_++},
                                 {QStringLiteral("method"), method},
                                 {QStringLiteral("params"), params}};
    QByteArray line = QJsonDocument(request).toJson(QJsonDocument::Compact);
    line += '\n';
    return write({line.constData(), static_cast<std::size_t>(line.size())});
}

Result<void> WardenConnection::send_start(const QJsonObject& params,
                                          const std::map<std::string, Secret>& secrets,
                                          const std::map<std::string, Secret>& git_keys) {
    return send_with_secrets(QStringLiteral("start"), params, secrets, git_keys);
}

Result<void> WardenConnection::send_with_secrets(const QString& method, const QJsonObject& params,
                                                 const std::map<std::string, Secret>& secrets,
                                                 const std::map<std::string, Secret>& git_keys) {
    const QByteArray document = QJsonDocument(params).toJson(QJsonDocument::Compact);
    WipedText line(static_cast<std::size_t>(document.size()) + room_for(secrets) +
                   room_for(git_keys));
    line.append("{\"id\":" + std::to_string(next_id_++) + ",\"method\":\"" + method.toStdString() +
                "\",\"params\":");
    // Reopened at its end for one more member.
    line.append({document.constData(), static_cast<std::size_t>(document.size()) - 1});
    line.append(",");
    line.append_member("secrets", secrets);
    if (!git_keys.empty()) {
        line.append(",");
        line.append_member("git_keys", git_keys);
    }
    line.append("}}\n");
    return write(line.view());
}

Result<QJsonObject> WardenConnection::receive(int timeout_ms) {
    const Deadline deadline(timeout_ms);
    for (;;) {
        auto line = read_line(deadline.remaining_ms());
        if (!line) return tl::make_unexpected(line.error());
        const auto answer = QJsonDocument::fromJson(QByteArray::fromStdString(*line)).object();
        // Events may come between answers; nothing here asked for them.
        if (answer.contains(QLatin1String("id"))) return result_of(answer);
        if (answer.isEmpty())
            return failure("bad_answer", "the warden answered with something else than JSON");
    }
}

void WardenConnection::hang_up() {
    shutdown(socket_.get(), SHUT_WR);
}

Result<void> WardenConnection::wait_for_end(int timeout_ms) {
    const Deadline deadline(timeout_ms);
    for (;;) {
        auto line = read_line(deadline.remaining_ms());
        if (line) continue;
        if (line.error().code == "warden_gone") return {};
        return tl::make_unexpected(line.error());
    }
}

Result<void> WardenConnection::write(std::string_view bytes) {
    const Deadline deadline(kWriteTimeoutMs);
    while (!bytes.empty()) {
        const ssize_t count =
            ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) return gone();
        if (auto ready = wait_for(socket_.get(), POLLOUT, deadline); !ready) return ready;
    }
    return {};
}

Result<std::string> WardenConnection::read_line(int timeout_ms) {
    const Deadline deadline(timeout_ms);
    for (;;) {
        if (const auto end = received_.find('\n'); end != std::string::npos) {
            std::string line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return line;
        }
        if (received_.size() > kLongestLine)
            return failure("bad_answer", "the warden sent a line of more than 8 MiB");
        if (auto ready = wait_for(socket_.get(), POLLIN, deadline); !ready)
            return tl::make_unexpected(ready.error());
        char buffer[16384];
        const ssize_t count = recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return gone();
        if (count > 0) received_.append(buffer, static_cast<std::size_t>(count));
    }
}

}  // namespace botbottle
