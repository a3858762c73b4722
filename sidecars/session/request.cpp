// The start request: parsed strictly, because an argument that is misread runs another program.
#include "session/request.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace botbottle::session {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::optional<WindowSize> parse_window_size(std::string_view text) {
    WindowSize size;
    const char* const end = text.data() + text.size();
    const auto columns = std::from_chars(text.data(), end, size.columns);
    if (columns.ec != std::errc() || columns.ptr == end || *columns.ptr != 'x') return std::nullopt;
    const auto rows = std::from_chars(columns.ptr + 1, end, size.rows);
    if (rows.ec != std::errc() || rows.ptr != end) return std::nullopt;
    return size;
}

tl::unexpected<Error> malformed(std::string message) {
    return failure("malformed_request", "the session request is malformed: " + std::move(message));
}

void append_pair(std::string& document, std::string_view key, std::string_view value) {
    document.append(key).push_back('\0');
    document.append(value).push_back('\0');
}

}  // namespace

Result<Request> parse_request(std::string_view document) {
    Request request;
    while (!document.empty()) {
        const std::size_t key_end = document.find('\0');
        if (key_end == std::string_view::npos) return malformed("a key is not terminated");
        const std::string_view key = document.substr(0, key_end);
        document.remove_prefix(key_end + 1);
        const std::size_t value_end = document.find('\0');
        if (value_end == std::string_view::npos) return malformed("a value is not terminated");
        const std::string_view value = document.substr(0, value_end);
        document.remove_prefix(value_end + 1);

        if (key == "arg") {
            request.arguments.push_back(value);
        } else if (key == "env") {
            const std::size_t equals = value.find('=');
            if (equals == 0 || equals == std::string_view::npos) {
                return malformed("an environment entry is not NAME=value");
            }
            request.environment.push_back(value);
        } else if (key == "cwd") {
            if (!value.starts_with('/')) return malformed("cwd is not an absolute path");
            request.directory = value;
        } else if (key == "tty") {
            request.tty = parse_window_size(value);
            if (!request.tty) return malformed("tty is not COLUMNSxROWS");
        } else if (key == "session") {
            if (!valid_session_name(value)) return malformed("not a session name");
            request.name = value;
        } else {
            return malformed("unknown key");
        }
    }
    if (request.arguments.empty() || request.arguments.front().empty()) {
        return malformed("no program is named");
    }
    return request;
}

std::string format_request(const Request& request) {
    std::string document;
    for (const auto argument : request.arguments)
        append_pair(document, "arg", argument);
    for (const auto entry : request.environment)
        append_pair(document, "env", entry);
    append_pair(document, "cwd", request.directory);
    if (request.tty) {
        append_pair(document, "tty",
                    std::to_string(request.tty->columns) + "x" + std::to_string(request.tty->rows));
    }
    if (!request.name.empty()) append_pair(document, "session", request.name);
    return document;
}

bool valid_session_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && is_alphanumeric(name.front()) &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
           });
}

Result<SealedDocument> SealedDocument::open(int memfd) {
    const int seals = fcntl(memfd, F_GET_SEALS);
    if (seals < 0 || (seals & kSeals) != kSeals) return malformed("it is not a sealed memfd");
    struct stat status = {};
    if (fstat(memfd, &status) != 0 || status.st_size <= 0) return malformed("it is empty");
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > kMaxRequest) return malformed("it is longer than 2 MiB");
    void* mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, memfd, 0);
    if (mapped == MAP_FAILED) return failure("out_of_memory", std::strerror(errno));
    return SealedDocument(static_cast<const char*>(mapped), size);
}

SealedDocument::SealedDocument(SealedDocument&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SealedDocument::~SealedDocument() {
    if (data_ != nullptr) munmap(const_cast<char*>(data_), size_);
}

Result<control::Descriptor> seal_document(std::string_view text) {
    control::Descriptor memfd(memfd_create("session-request", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memfd) return failure("no_memfd", std::strerror(errno));
    while (!text.empty()) {
        const ssize_t written = write(memfd.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failure("no_memfd", std::strerror(errno));
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (fcntl(memfd.get(), F_ADD_SEALS, kSeals | F_SEAL_SEAL) != 0) {
        return failure("no_memfd", std::strerror(errno));
    }
    return memfd;
}

}  // namespace botbottle::session
