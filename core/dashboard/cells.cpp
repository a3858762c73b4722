#include "dashboard/cells.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>

namespace botbottle::dashboard {
namespace {

const QString kCut = QStringLiteral("…");
constexpr int kIndent = 9;  // as wide as "change:  "

int cells_of_one(char32_t character) {
    // The C library's table, whatever the operator's locale is.
    static const locale_t kUnicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (character < 0x7f) return 1;
    if (kUnicode == nullptr) return 1;
    const locale_t before = uselocale(kUnicode);
    const int width = wcwidth(static_cast<wchar_t>(character));
    uselocale(before);
    return std::max(width, 0);
}

// The index behind as much as fits, and how many cells that takes.
struct Fit {
    qsizetype end;
    int cells;
};
Fit fit(const QString& text, qsizetype from, int cells) {
    int used = 0;
    qsizetype at = from;
    while (at < text.size()) {
        const bool pair =
            text[at].isHighSurrogate() && at + 1 < text.size() && text[at + 1].isLowSurrogate();
        const char32_t character =
            pair ? QChar::surrogateToUcs4(text[at], text[at + 1]) : text[at].unicode();
        const int width = cells_of_one(character);
        if (used + width > cells) break;
        used += width;
        at += pair ? 2 : 1;
    }
    return {at, used};
}

}  // namespace

int cells_of(const QString& text) {
    return fit(text, 0, static_cast<int>(2 * text.size())).cells;
}

QString clipped(const QString& text, int cells) {
    if (cells <= 0) return {};
    const Fit whole = fit(text, 0, cells);
    if (whole.end == text.size()) return text;
    return text.left(fit(text, 0, cells - 1).end) + kCut;
}

QString padded(const QString& text, int cells) {
    const QString cut = clipped(text, cells);
    return cut + QString(std::max(0, cells - cells_of(cut)), QLatin1Char(' '));
}

QString right_aligned(const QString& text, int cells) {
    const QString cut = clipped(text, cells);
    return QString(std::max(0, cells - cells_of(cut)), QLatin1Char(' ')) + cut;
}

QStringList wrapped(const QStringList& lines, int cells) {
    QStringList result;
    const int rest = std::max(cells - kIndent, 1);
    for (const QString& line : lines) {
        qsizetype at = 0;
        do {
            const bool first = at == 0;
            qsizetype end = fit(line, at, first ? cells : rest).end;
            // A character wider than all there is would never fit.
            if (end == at && at < line.size()) end = at + 1;
            if (end < line.size()) {
                const qsizetype blank = line.lastIndexOf(QLatin1Char(' '), end);
                if (blank > at + (end - at) / 2) end = blank + 1;
            }
            result +=
                (first ? QString() : QString(kIndent, QLatin1Char(' '))) + line.mid(at, end - at);
            at = end;
        } while (at < line.size());
    }
    return result;
}

}  // namespace botbottle::dashboard
