#include "dashboard/keys.h"

#include <algorithm>
#include <optional>

namespace botbottle::dashboard {
namespace {

using Kind = Key::Kind;
constexpr char kEscape = '\033';
constexpr qsizetype kLongestSequence = 32;

struct Taken {
    Key key;
    qsizetype size;
};

Kind control_key(char c) {
    switch (c) {
        case '\r':
        case '\n':
            return Kind::Enter;
        case '\t':
            return Kind::Tab;
        case '\b':
        case '\x7f':
            return Kind::Backspace;
        case '\x03':
        case '\x04':
            return Kind::Interrupt;
        case '\x0c':
            return Kind::Redraw;
        case '\x15':
            return Kind::Clear;
        default:
            return Kind::Other;
    }
}

Kind sequence_key(const QByteArray& parameters, char final) {
    switch (final) {
        case 'A':
            return Kind::Up;
        case 'B':
            return Kind::Down;
        case 'H':
            return Kind::Home;
        case 'F':
            return Kind::End;
        case 'Z':
            return Kind::BackTab;
        case '~':
            if (parameters == "1" || parameters == "7") return Kind::Home;
            if (parameters == "4" || parameters == "8") return Kind::End;
            if (parameters == "5") return Kind::PageUp;
            if (parameters == "6") return Kind::PageDown;
            return Kind::Other;
        default:
            return Kind::Other;
    }
}

// nullopt: not whole yet.
std::optional<Taken> take_escape(const QByteArray& bytes) {
    if (bytes.size() == 1) return Taken{{Kind::Escape, {}}, 1};
    if (bytes[1] == 'O') {  // application mode: ESC O A
        if (bytes.size() < 3) return std::nullopt;
        return Taken{{sequence_key({}, bytes[2]), {}}, 3};
    }
    if (bytes[1] != '[') return Taken{{Kind::Escape, {}}, 1};
    for (qsizetype at = 2; at < bytes.size(); ++at) {
        const char c = bytes[at];
        if (c >= 0x40 && c <= 0x7e)
            return Taken{{sequence_key(bytes.mid(2, at - 2), c), {}}, at + 1};
        if (at > kLongestSequence) return Taken{{Kind::Other, {}}, at};
    }
    return std::nullopt;
}

std::optional<Taken> take_text(const QByteArray& bytes) {
    const auto lead = static_cast<unsigned char>(bytes[0]);
    const qsizetype size = lead < 0x80   ? 1
                           : lead < 0xc2 ? 1
                           : lead < 0xe0 ? 2
                           : lead < 0xf0 ? 3
                                         : 4;
    if (bytes.size() < size) return std::nullopt;
    const QString text = QString::fromUtf8(bytes.left(size));
    if (text.contains(QChar::ReplacementCharacter)) return Taken{{Kind::Other, {}}, 1};
    return Taken{{Kind::Text, text}, size};
}

}  // namespace

QList<Key> KeyReader::add(const QByteArray& bytes) {
    pending_ += bytes;
    QList<Key> keys;
    while (!pending_.isEmpty()) {
        const char first = pending_[0];
        std::optional<Taken> taken;
        if (first == kEscape)
            taken = take_escape(pending_);
        else if (static_cast<unsigned char>(first) < 0x20 || first == '\x7f')
            taken = Taken{{control_key(first), {}}, 1};
        else
            taken = take_text(pending_);
        if (!taken) break;
        keys += taken->key;
        pending_.remove(0, taken->size);
    }
    return keys;
}

}  // namespace botbottle::dashboard
