// Keys: what a terminal sends, taken apart. Pure.
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

namespace botbottle::dashboard {

struct Key {
    enum class Kind {
        Text,  // one character
        Enter,
        Escape,
        Up,
        Down,
        PageUp,
        PageDown,
        Home,
        End,
        Tab,
        BackTab,
        Backspace,
        Clear,      // Ctrl-U
        Redraw,     // Ctrl-L
        Interrupt,  // Ctrl-C, Ctrl-D
        Other
    };
    Kind kind = Kind::Other;
    QString text;

    friend bool operator==(const Key&, const Key&) = default;
};

class KeyReader {
  public:
    // The keys that are complete. An escape at the very end is the key of that name: terminals send
    // their sequences whole.
    QList<Key> add(const QByteArray& bytes);

  private:
    QByteArray pending_;
};

}  // namespace botbottle::dashboard
