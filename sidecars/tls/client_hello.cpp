// See client_hello.h. RFC 8446 4.1.2 and 5.1; every length is checked against what is there.
#include "tls/client_hello.h"

#include <optional>
#include <string>

#include "tls/server_context.h"

namespace botbottle::tls {

namespace {

constexpr unsigned char kHandshakeRecord = 22;
constexpr unsigned char kClientHello = 1;
constexpr std::size_t kMaxRecord = 16 * 1024;
constexpr std::size_t kServerName = 0;
constexpr std::size_t kEncryptedClientHello = 0xfe0d;

HelloVerdict refused(std::string_view rule, std::string reason) {
    return {HelloState::kRefused, rule, std::move(reason)};
}
HelloVerdict malformed() {
    return refused("not_tls", "the tunnel does not begin with a TLS ClientHello");
}

// Takes numbers and vectors from the front; once something does not fit, nothing does.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    std::size_t number(std::size_t size) {
        const std::string_view digits = take(size);
        std::size_t value = 0;
        for (const char c : digits)
            value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }
    std::string_view take(std::size_t size) {
        if (size > bytes_.size()) {
            failed_ = true;
            bytes_ = {};
            return {};
        }
        const std::string_view taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }
    std::string_view vector(std::size_t length_size) { return take(number(length_size)); }
    bool done() const { return bytes_.empty(); }
    bool failed() const { return failed_; }

  private:
    std::string_view bytes_;
    bool failed_ = false;
};

HelloVerdict judge_name(std::optional<std::string_view> extension, const Host& host) {
    if (!extension) {
        if (host.is_ip()) return {HelloState::kGood, {}, {}};
        return refused("sni_missing", "the TLS handshake names no server");
    }
    const auto name = parse_server_name(*extension);
    if (!name) return refused("sni_invalid", name.error().message);
    const auto named = Host::parse(*name);
    if (!named || named->is_ip())
        return refused("sni_invalid", "the TLS server name is not a DNS name");
    if (*named != host)
        return refused("sni_mismatch",
                       "the TLS server name " + named->text() + " is not the CONNECT host");
    return {HelloState::kGood, {}, {}};
}

HelloVerdict judge_body(std::string_view body, const Host& host) {
    Reader reader(body);
    reader.take(2 + 32);  // version, random
    reader.vector(1);     // session id
    reader.vector(2);     // cipher suites
    reader.vector(1);     // compression methods
    Reader extensions(reader.done() ? std::string_view() : reader.vector(2));
    if (reader.failed() || !reader.done()) return malformed();
    std::optional<std::string_view> server_name;
    while (!extensions.done()) {
        const std::size_t type = extensions.number(2);
        const std::string_view content = extensions.vector(2);
        if (extensions.failed()) return malformed();
        if (type == kEncryptedClientHello)
            return refused(
                "ech_refused",
                "the ClientHello is encrypted, so that its server name cannot be checked");
        if (type != kServerName) continue;
        if (server_name) return refused("sni_invalid", "the TLS handshake names two servers");
        server_name = content;
    }
    return judge_name(server_name, host);
}

}  // namespace

HelloVerdict judge_client_hello(std::string_view bytes, const Host& host) {
    if (bytes.size() > kMaxClientHello + kMaxRecord) return malformed();
    std::string message;
    while (true) {
        if (!bytes.empty() && static_cast<unsigned char>(bytes[0]) != kHandshakeRecord)
            return malformed();
        if (bytes.size() > 1 && bytes[1] != 3) return malformed();
        constexpr std::size_t header = 5;
        if (bytes.size() < header) return {};
        Reader record(bytes.substr(3));
        const std::size_t size = record.number(2);
        if (size == 0 || size > kMaxRecord) return malformed();
        const bool record_is_whole = bytes.size() >= header + size;
        message.append(bytes.substr(header, size));
        if (!message.empty() && static_cast<unsigned char>(message[0]) != kClientHello)
            return malformed();
        // Only whole records are judged: what is still to come of one could be another message.
        if (message.size() >= 4 && record_is_whole) {
            Reader whole(std::string_view(message).substr(1));
            const std::size_t length = whole.number(3);
            if (length > kMaxClientHello) return malformed();
            if (message.size() >= 4 + length) {
                // One flight is one message: what follows in it would be read by the origin alone.
                if (message.size() > 4 + length) return malformed();
                return judge_body(std::string_view(message).substr(4), host);
            }
        }
        if (!record_is_whole) return {};
        bytes.remove_prefix(header + size);
    }
}

}  // namespace botbottle::tls
