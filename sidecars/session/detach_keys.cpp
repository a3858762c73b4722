// A key is a byte, or the kitty keyboard protocol's CSI code ; modifiers : event u. A sequence that
// the terminal's driver cut in two is passed on as it is: waiting for the rest would hold back the
// Escape key.
#include "session/detach_keys.h"

#include <charconv>

namespace botbottle::session {
namespace {

constexpr char kPrefixByte = 0x1d;  // Ctrl-]
constexpr unsigned kPrefixCode = ']';
constexpr unsigned kControl = 4;
constexpr unsigned kLocks = 64 | 128;          // Caps Lock, Num Lock
constexpr unsigned kFirstModifierKey = 57441;  // left Shift, the first of the private use keys
constexpr unsigned kLastModifierKey = 57454;
constexpr unsigned kRelease = 3;

struct Key {
    std::string_view text;  // as typed
    unsigned code = 0;
    unsigned modifiers = 0;
    bool pressed = true;

    bool is_prefix() const {
        return text.front() == kPrefixByte || (code == kPrefixCode && modifiers == kControl);
    }
    bool is_detach() const { return code == 'd' && modifiers == 0; }
    bool is_key() const { return pressed && (code < kFirstModifierKey || code > kLastModifierKey); }
};

// Reads `;value` or `:value` after the separator; absent is the protocol's default, 1.
bool read_number(std::string_view& rest, char separator, unsigned& value) {
    if (rest.empty() || rest.front() != separator) return true;
    rest.remove_prefix(1);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc()) return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return true;
}

bool read_kitty_key(std::string_view typed, Key& key) {
    if (!typed.starts_with("\x1b[")) return false;
    std::string_view rest = typed.substr(2);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), key.code);
    if (error != std::errc()) return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    unsigned modifiers = 1;
    unsigned event = 1;
    if (!read_number(rest, ';', modifiers) || !read_number(rest, ':', event)) return false;
    if (!rest.starts_with('u') || modifiers == 0) return false;
    key.modifiers = (modifiers - 1) & ~kLocks;
    key.pressed = event != kRelease;
    key.text = typed.substr(0, typed.size() - rest.size() + 1);
    return true;
}

Key read_key(std::string_view typed) {
    Key key;
    if (read_kitty_key(typed, key)) return key;
    return {typed.substr(0, 1), static_cast<unsigned char>(typed.front()), 0, true};
}

}  // namespace

bool DetachKeys::feed(std::string_view typed, std::string& forward) {
    while (!typed.empty()) {
        const Key key = read_key(typed);
        typed.remove_prefix(key.text.size());
        if (!key.is_key()) {
            forward += key.text;  // a release, or Ctrl itself: it decides nothing
        } else if (held_.empty()) {
            if (key.is_prefix()) {
                held_ = key.text;
            } else {
                forward += key.text;
            }
        } else {
            if (key.is_detach()) return true;
            forward += held_;
            if (!key.is_prefix()) forward += key.text;
            held_.clear();
        }
    }
    return false;
}

}  // namespace botbottle::session
