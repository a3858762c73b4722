// The document that starts a session (docs/session-protocol.md): `key NUL value NUL` pairs in a
// sealed memfd. The client reads it from the host and hands it on, the relay starts the session
// from it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "control/descriptor.h"

namespace botbottle::session {

// The kernel takes 2 MiB of arguments and environment with the usual stack limit; more cannot
// start.
constexpr std::size_t kMaxRequest = 2 * 1024 * 1024;

struct WindowSize {
    unsigned short columns = 80;
    unsigned short rows = 24;
};

// Every view lies in the document, which must live as long, and is followed there by a NUL.
struct Request {
    std::vector<std::string_view> arguments;    // never empty
    std::vector<std::string_view> environment;  // NAME=value
    std::string_view directory = "/";
    std::string_view name;  // empty: a throw-away session
    std::optional<WindowSize> tty;
};

Result<Request> parse_request(std::string_view document);
std::string format_request(const Request& request);

// A session's name: 1 to 64 letters, digits, '.', '_' and '-', the first a letter or digit.
bool valid_session_name(std::string_view name);

// A sealed memfd, mapped for reading. The seals are checked, so that nobody can change or shorten
// it.
class SealedDocument {
  public:
    static Result<SealedDocument> open(int memfd);
    SealedDocument(SealedDocument&& other) noexcept;
    SealedDocument& operator=(SealedDocument&&) = delete;
    ~SealedDocument();

    std::string_view text() const { return {data_, size_}; }

  private:
    SealedDocument(const char* data, std::size_t size) : data_(data), size_(size) {}

    const char* data_;
    std::size_t size_;
};

Result<control::Descriptor> seal_document(std::string_view text);

}  // namespace botbottle::session
