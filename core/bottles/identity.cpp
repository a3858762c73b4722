#include "bottles/identity.h"

#include <sys/random.h>

#include <cstdint>
#include <cstdlib>

namespace botbottle {
namespace {

constexpr qsizetype kLongestBase = 32;
constexpr int kSuffix = 5;
constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

}  // namespace

QString new_identity(const QString& base) {
    QString identity = base.left(kLongestBase) + QLatin1Char('-');
    for (int made = 0; made < kSuffix;) {
        std::uint8_t byte = 0;
        // Without random numbers two bottles could share a name; getrandom cannot fail on a kernel
        // that runs bottles.
        if (getrandom(&byte, 1, 0) != 1) std::abort();
        // 252 is the largest multiple of 36 in a byte: no digit is likelier than another.
        if (byte >= 252) continue;
        identity += QLatin1Char(kDigits[byte % 36]);
        ++made;
    }
    return identity;
}

bool is_identity(const QString& text) {
    if (text.size() > kLongestBase + 1 + kSuffix || text.size() < kSuffix + 2) return false;
    if (text[text.size() - kSuffix - 1] != QLatin1Char('-')) return false;
    if (text[0] < QLatin1Char('a') || text[0] > QLatin1Char('z')) return false;
    for (const QChar c : text) {
        const bool digit = c >= QLatin1Char('0') && c <= QLatin1Char('9');
        const bool letter = c >= QLatin1Char('a') && c <= QLatin1Char('z');
        if (!digit && !letter && c != QLatin1Char('-')) return false;
    }
    return true;
}

}  // namespace botbottle
