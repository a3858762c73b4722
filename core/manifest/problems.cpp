#include "manifest/problems.h"

namespace botbottle {
namespace {

constexpr int kShown = 20;

}  // namespace

void Problems::add(int line, const QString& path, const QString& message) {
    add_in(file_, line, path, message);
}

void Problems::add_in(const QString& file, int line, const QString& path, const QString& message) {
    if (++count_ > kShown) return;
    QString text = file;
    if (line > 0) text += QStringLiteral(":%1").arg(line);
    text += QStringLiteral(": ");
    if (!path.isEmpty()) text += path + QStringLiteral(": ");
    lines_ += text + message;
}

bool Problems::full() const {
    return count_ >= kShown;
}

tl::unexpected<Error> Problems::error(const char* code) const {
    QStringList lines = lines_;
    if (count_ > kShown) lines += QStringLiteral("… and %1 more").arg(count_ - kShown);
    return failure(code, lines.join(QLatin1Char('\n')).toStdString());
}

}  // namespace botbottle
