// plugin.hpp - optional C++20 over plugin.h: write a class, get a plugin.
//
//     class Hello {
//       public:
//         static constexpr const char* kDescriptor = R"({"schema": "botbottle.plugin/1", …})";
//         explicit Hello(botbottle::plugin::Host host);
//         std::string provision(std::string_view request);     // JSON in, JSON out
//         std::string command_line(std::string_view request);
//     };
//     BOTBOTTLE_PLUGIN(Hello)
//
// The function tables follow from the members: a class with `provision` and `command_line` is a
// provider, one with every operation of botbottle_backend is a backend, one with `normalise`
// explains a provider's events. An operation returns its reply, or throws: OperationError says
// exactly what the host is told; any other exception becomes the error "internal". Nothing is
// thrown across the border.
//
// Header-only, the standard library alone. JSON is text here: a plugin brings the JSON library that
// it likes. plugin.h has the rules of the ABI itself (threads, ownership, strings).
#ifndef BOTBOTTLE_PLUGIN_HPP
#define BOTBOTTLE_PLUGIN_HPP

#include <botbottle/plugin.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace botbottle::plugin {

// How an operation fails. `code` is a stable lower_snake_case word, `message` says what was wrong
// and where, `hint` what to do next.
class OperationError : public std::exception {
  public:
    OperationError(botbottle_status status, std::string code, std::string message,
                   std::string hint = {})
        : status_(status),
          code_(std::move(code)),
          message_(std::move(message)),
          hint_(std::move(hint)) {}

    const char* what() const noexcept override { return message_.c_str(); }
    botbottle_status status() const noexcept { return status_; }
    const std::string& code() const noexcept { return code_; }
    const std::string& message() const noexcept { return message_; }
    const std::string& hint() const noexcept { return hint_; }

  private:
    botbottle_status status_;
    std::string code_;
    std::string message_;
    std::string hint_;
};

namespace detail {

// The length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none
// (Unicode 15, table 3-7: no overlong form, no surrogate, nothing above U+10FFFF).
constexpr std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    std::size_t length = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    }
    if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    }
    return length;
}

}  // namespace detail

// `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so that a file
// name in an error message cannot spoil the document.
inline std::string json_string(std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string quoted = "\"";
    while (!text.empty()) {
        const std::size_t length = detail::utf8_sequence(text);
        const auto byte = static_cast<unsigned char>(text.front());
        if (length == 0) {
            quoted += "\xEF\xBF\xBD";
        } else if (byte == '"' || byte == '\\') {
            quoted += '\\';
            quoted += text.front();
        } else if (byte < 0x20 || byte == 0x7F) {
            quoted += "\\u00";
            quoted += kHex[byte >> 4];
            quoted += kHex[byte & 15];
        } else {
            quoted += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return quoted += '"';
}

// What the host offers; a value that may be copied and used from any thread until the plugin's
// destructor has returned.
class Host {
  public:
    explicit Host(const botbottle_host* host) noexcept : host_(host) {}

    // One line, no newline, no secret.
    void log(std::int32_t level, std::string_view message) const {
        host_->log(host_->context, level, message.data(), message.size());
    }
    void debug(std::string_view message) const { log(BOTBOTTLE_LOG_DEBUG, message); }
    void info(std::string_view message) const { log(BOTBOTTLE_LOG_INFO, message); }
    void warning(std::string_view message) const { log(BOTBOTTLE_LOG_WARNING, message); }
    void error(std::string_view message) const { log(BOTBOTTLE_LOG_ERROR, message); }

    void progress(std::string_view phase, std::string_view message) const {
        send_progress("{\"phase\": " + json_string(phase) +
                      ", \"message\": " + json_string(message) + "}");
    }
    void progress(std::string_view phase, std::string_view message, std::uint64_t done,
                  std::uint64_t total) const {
        send_progress(
            "{\"phase\": " + json_string(phase) + ", \"message\": " + json_string(message) +
            ", \"done\": " + std::to_string(done) + ", \"total\": " + std::to_string(total) + "}");
    }

    bool cancelled() const { return host_->cancelled(host_->context) != 0; }

    // For the places in a long operation where it is safe to stop. The caller's destructors undo.
    void throw_if_cancelled() const {
        if (cancelled()) {
            throw OperationError(BOTBOTTLE_CANCELLED, "cancelled", "the operation was cancelled");
        }
    }

    // A host extension by id, null when the host has none of that name.
    const void* extension(const char* id) const { return host_->extension(host_->context, id); }

  private:
    void send_progress(const std::string& json) const {
        host_->progress(host_->context, json.data(), json.size());
    }

    const botbottle_host* host_;
};

template <typename T>
concept ProviderPlugin = requires(T plugin, std::string_view request) {
    { plugin.provision(request) } -> std::same_as<std::string>;
    { plugin.command_line(request) } -> std::same_as<std::string>;
};

template <typename T>
concept ProviderEventsPlugin = requires(T plugin, std::string_view line) {
    { plugin.normalise(line) } -> std::same_as<std::string>;
};

template <typename T>
concept BackendPlugin = requires(T plugin, std::string_view request) {
    { plugin.probe(request) } -> std::same_as<std::string>;
    { plugin.prepare(request) } -> std::same_as<std::string>;
    { plugin.launch(request) } -> std::same_as<std::string>;
    { plugin.exec(request) } -> std::same_as<std::string>;
    { plugin.attach(request) } -> std::same_as<std::string>;
    { plugin.copy_in(request) } -> std::same_as<std::string>;
    { plugin.copy_out(request) } -> std::same_as<std::string>;
    { plugin.stop(request) } -> std::same_as<std::string>;
    { plugin.list(request) } -> std::same_as<std::string>;
    { plugin.leftovers(request) } -> std::same_as<std::string>;
    { plugin.remove(request) } -> std::same_as<std::string>;
};

namespace detail {

inline void write(const botbottle_sink* sink, std::string_view text) noexcept {
    sink->write(sink->context, text.data(), text.size());
}

inline botbottle_status write_error(const botbottle_sink* sink, botbottle_status status,
                                    std::string_view code, std::string_view message,
                                    std::string_view hint) noexcept {
    try {
        write(sink, "{\"code\": " + json_string(code) + ", \"message\": " + json_string(message) +
                        ", \"hint\": " + json_string(hint) + "}");
    } catch (...) {  // no memory left even for the message
        write(sink, R"({"code": "out_of_memory", "message": "out of memory", "hint": ""})");
    }
    return status;
}

// Runs `body` and writes what it returns, or what it threw, into the sink.
template <typename Body>
botbottle_status guarded(const botbottle_sink* sink, Body&& body) noexcept {
    try {
        const std::string reply = std::forward<Body>(body)();
        write(sink, reply);
        return BOTBOTTLE_OK;
    } catch (const OperationError& error) {
        const bool lies = error.status() == BOTBOTTLE_OK;  // an error must never look like a reply
        return write_error(sink, lies ? BOTBOTTLE_FAILED : error.status(), error.code(),
                           error.message(), error.hint());
    } catch (const std::exception& error) {
        return write_error(sink, BOTBOTTLE_FAILED, "internal", error.what(), "");
    } catch (...) {
        return write_error(sink, BOTBOTTLE_FAILED, "internal", "an unknown exception", "");
    }
}

template <typename T, auto Member>
botbottle_status operation(void* context, const char* request, std::size_t size,
                           const botbottle_sink* sink) noexcept {
    return guarded(
        sink, [&] { return (static_cast<T*>(context)->*Member)(std::string_view(request, size)); });
}

template <typename T>
inline constexpr botbottle_provider kProviderTable = {
    sizeof(botbottle_provider), &operation<T, &T::provision>, &operation<T, &T::command_line>};

template <typename T>
inline constexpr botbottle_provider_events kProviderEventsTable = {
    sizeof(botbottle_provider_events), &operation<T, &T::normalise>};

template <typename T>
inline constexpr botbottle_backend kBackendTable = {
    sizeof(botbottle_backend),  &operation<T, &T::probe>,     &operation<T, &T::prepare>,
    &operation<T, &T::launch>,  &operation<T, &T::exec>,      &operation<T, &T::attach>,
    &operation<T, &T::copy_in>, &operation<T, &T::copy_out>,  &operation<T, &T::stop>,
    &operation<T, &T::list>,    &operation<T, &T::leftovers>, &operation<T, &T::remove>};

template <typename T>
const void* extension(void*, const char* id) noexcept {
    const std::string_view wanted(id);
    if constexpr (ProviderPlugin<T>) {
        if (wanted == BOTBOTTLE_EXTENSION_PROVIDER) return &kProviderTable<T>;
    }
    if constexpr (ProviderEventsPlugin<T>) {
        if (wanted == BOTBOTTLE_EXTENSION_PROVIDER_EVENTS) return &kProviderEventsTable<T>;
    }
    if constexpr (BackendPlugin<T>) {
        if (wanted == BOTBOTTLE_EXTENSION_BACKEND) return &kBackendTable<T>;
    }
    return nullptr;
}

// The C struct first, so that the host's pointer leads back to the whole.
template <typename T>
struct Instance : botbottle_instance {
    explicit Instance(Host host)
        : botbottle_instance{sizeof(botbottle_instance), nullptr, &detail::extension<T>, &release},
          plugin(host) {
        context = &plugin;
    }

    static void release(botbottle_instance* instance) noexcept {
        delete static_cast<Instance*>(instance);
    }

    T plugin;
};

}  // namespace detail

// What BOTBOTTLE_PLUGIN exports for a class.
template <typename T>
struct Entry {
    static_assert(ProviderPlugin<T> || ProviderEventsPlugin<T> || BackendPlugin<T>,
                  "the class has every operation of no extension; each takes a std::string_view "
                  "and returns a std::string");

    static const char* describe() noexcept { return T::kDescriptor; }

    static botbottle_instance* create(const botbottle_host* host,
                                      const botbottle_sink* sink) noexcept {
        if (host->struct_size < sizeof(botbottle_host)) {
            detail::write_error(sink, BOTBOTTLE_UNAVAILABLE, "host_too_old",
                                "the host offers less than ABI 1.0", "update botbottle");
            return nullptr;
        }
        botbottle_instance* made = nullptr;
        detail::guarded(sink, [&] {
            made = std::make_unique<detail::Instance<T>>(Host(host)).release();
            return std::string();
        });
        return made;
    }
};

}  // namespace botbottle::plugin

// Exports `Class` as this library's plugin. Once per library, at namespace scope.
#define BOTBOTTLE_PLUGIN(Class)                                                   \
    extern "C" BOTBOTTLE_EXPORT const botbottle_plugin_entry botbottle_plugin = { \
        BOTBOTTLE_ABI_MAJOR,                                                      \
        BOTBOTTLE_ABI_MINOR,                                                      \
        sizeof(botbottle_plugin_entry),                                           \
        0,                                                                        \
        &::botbottle::plugin::Entry<Class>::describe,                             \
        &::botbottle::plugin::Entry<Class>::create};

#endif  // BOTBOTTLE_PLUGIN_HPP
