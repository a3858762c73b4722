#include "cli/audit_line.h"

#include <QDateTime>

#include "manifest/text.h"

namespace botbottle::cli {
namespace {

QString member(const QJsonObject& record, const char* key) {
    return record.value(QLatin1String(key)).toString();
}

QString local_time(const QJsonObject& record) {
    const QDateTime time = QDateTime::fromString(member(record, "time"), Qt::ISODateWithMs);
    return time.isValid() ? time.toLocalTime().toString(QStringLiteral("HH:mm:ss"))
                          : QStringLiteral("--:--:--");
}

QString outcome_text(const QJsonObject& record) {
    const qint64 status = record.value(QLatin1String("status")).toInteger();
    const qint64 bytes = record.value(QLatin1String("bytes_up")).toInteger() +
                         record.value(QLatin1String("bytes_down")).toInteger();
    return QStringLiteral("%1 %2 %3 ms")
        .arg(status == 0 ? QStringLiteral("no answer") : QString::number(status), size_text(bytes))
        .arg(record.value(QLatin1String("ms")).toInteger());
}

}  // namespace

QString size_text(qint64 bytes) {
    static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
    double size = static_cast<double>(bytes);
    int unit = 0;
    while (size >= 1000 && unit < 4) {
        size /= 1000;
        ++unit;
    }
    return QStringLiteral("%1 %2")
        .arg(size, 0, 'f', unit == 0 || size >= 100 ? 0 : 1)
        .arg(QLatin1String(kUnits[unit]));
}

QString AuditView::mark(const QString& word, Style style) const {
    return marked_ ? styled(word, style) : word;
}

QString AuditView::head(const QJsonObject& record) const {
    const bool allowed = member(record, "verdict") == QLatin1String("allowed");
    QString line = QStringLiteral("%1 %2 %3")
                       .arg(local_time(record),
                            allowed ? mark(QStringLiteral("allow"), Style::Green)
                                    : mark(QStringLiteral("deny "), Style::Red),
                            visible(member(record, "subject")));
    if (const QString slot = member(record, "credential"); !slot.isEmpty())
        line += QStringLiteral(" [%1]").arg(visible(slot));
    return line;
}

QString AuditView::denial(const QJsonObject& record) const {
    return QStringLiteral("%1 (%2: %3)")
        .arg(head(record), visible(member(record, "rule")), visible(member(record, "reason")));
}

QString AuditView::life_event(const QJsonObject& record) const {
    QString line =
        QStringLiteral("%1 %2 %3 %4")
            .arg(local_time(record), mark(QStringLiteral("event"), Style::Yellow),
                 visible(member(record, "subject")),
                 visible(member(record, "event").replace(QLatin1Char('_'), QLatin1Char(' '))));
    if (const QString reason = member(record, "reason"); !reason.isEmpty())
        line += QStringLiteral(": ") + visible(reason);
    return line;
}

QStringList AuditView::add(const QJsonObject& record) {
    const QString event = member(record, "event");
    const qint64 request = record.value(QLatin1String("request")).toInteger();
    if (event == QLatin1String("decision")) {
        if (member(record, "verdict") != QLatin1String("allowed")) return {denial(record)};
        open_.insert(request, record);
        order_.append(request);
        return live_ ? QStringList{head(record) + QStringLiteral(" …")} : QStringList{};
    }
    if (event == QLatin1String("outcome")) {
        open_.remove(request);
        order_.removeOne(request);
        QString line = head(record) + QLatin1Char(' ') + outcome_text(record);
        if (const QString reason = member(record, "reason"); !reason.isEmpty())
            line += QStringLiteral(" (%1)").arg(visible(reason));
        return {line};
    }
    return {life_event(record)};
}

QStringList AuditView::rest() const {
    QStringList lines;
    for (const qint64 request : order_)
        lines.append(head(open_.value(request)) + QStringLiteral(" …"));
    return lines;
}

}  // namespace botbottle::cli
