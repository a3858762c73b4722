#include "bottles/audit_chain.h"

#include <QCryptographicHash>
#include <QJsonDocument>
#include <QJsonObject>
#include <array>

#include "manifest/text.h"

namespace botbottle {
namespace {

constexpr qint64 kLongestLine = 1024 * 1024;

QString text_of(const QJsonObject& record, const char* key) {
    return record.value(QLatin1String(key)).toString();
}

struct Plane {
    qint64 sequence = 0;
    QByteArray digest = QByteArray(64, '0');
    qint64 lines = 0;
};

class Verifier {
  public:
    explicit Verifier(QString identity) : identity_(std::move(identity)) {}

    void add(const QByteArray& line) {
        ++number_;
        const QJsonObject record = QJsonDocument::fromJson(line).object();
        const QString plane = text_of(record, "plane");
        const qint64 sequence = record.value(QLatin1String("seq")).toInteger(-1);
        if (plane.isEmpty() || sequence < 1) {
            report_.notices +=
                QStringLiteral("line %1 is incomplete: its writer was killed").arg(number_);
            return;
        }
        ++report_.records;
        Plane& state = planes_[plane];
        check_place(state, plane, sequence, text_of(record, "prev").toLatin1());
        state.sequence = sequence;
        state.digest = QCryptographicHash::hash(line, QCryptographicHash::Sha256).toHex();
        ++state.lines;
        if (plane != QLatin1String("warden")) {
            sealed_.remove(plane);
            return;
        }
        // Whatever comes after a seal belongs to a later life.
        const QString event = text_of(record, "event");
        if (event == QLatin1String("sealed"))
            check_seal(record);
        else
            sealed_.clear();
        warden_sealed_ = event == QLatin1String("sealed");
        if (event == QLatin1String("start") && text_of(record, "subject") != identity_)
            problem(QStringLiteral("it is the record of another bottle, %1")
                        .arg(visible(text_of(record, "subject"))));
    }

    AuditReport finish() {
        report_.sealed = warden_sealed_;
        for (auto plane = planes_.constBegin(); plane != planes_.constEnd(); ++plane) {
            report_.planes.insert(plane.key(), plane->lines);
            if (plane.key() != QLatin1String("warden") && !sealed_.contains(plane.key()))
                report_.sealed = false;
        }
        return report_;
    }

    AuditReport& report() { return report_; }

  private:
    void problem(const QString& text) { report_.problems += AuditProblem{number_, text}; }

    void check_place(const Plane& state, const QString& plane, qint64 sequence,
                     const QByteArray& previous) {
        const QString name = visible(plane);
        const qint64 expected = state.sequence + 1;
        if (sequence > expected)
            problem(QStringLiteral("%1 lines of %2 are missing before it")
                        .arg(sequence - expected)
                        .arg(name));
        else if (sequence < expected)
            problem(QStringLiteral("line %1 of %2 stands again, or out of its order")
                        .arg(sequence)
                        .arg(name));
        else if (previous != state.digest)
            problem(QStringLiteral("the line of %1 before it is not the one that was written")
                        .arg(name));
    }

    void check_seal(const QJsonObject& record) {
        const QString plane = text_of(record, "subject");
        const Plane state = planes_.value(plane);
        const QString found =
            QStringLiteral("%1 %2").arg(state.sequence).arg(QString::fromLatin1(state.digest));
        if (text_of(record, "reason") == found)
            sealed_.insert(plane, true);
        else
            problem(QStringLiteral("%1 does not end as it did when the bottle ended")
                        .arg(visible(plane)));
    }

    const QString identity_;
    qint64 number_ = 0;
    QHash<QString, Plane> planes_;
    QHash<QString, bool> sealed_;
    bool warden_sealed_ = false;
    AuditReport report_;
};

constexpr std::array kColumns = {
    "seq",    "time",  "plane",      "event",  "request",  "verdict",    "rule", "subject",
    "reason", "route", "credential", "status", "bytes_up", "bytes_down", "ms",   "prev"};

QString cell(const QJsonValue& value) {
    if (value.isNull() || value.isUndefined()) return {};
    if (value.isDouble()) return QString::number(value.toInteger());
    QString text = visible(value.toString());
    // A spreadsheet would compute it.
    if (!text.isEmpty() && QStringLiteral("=+-@").contains(text.front()))
        text.prepend(QLatin1Char('\''));
    if (text.contains(QLatin1Char('"')) || text.contains(QLatin1Char(',')))
        text = QLatin1Char('"') + text.replace(QLatin1Char('"'), QLatin1String("\"\"")) +
               QLatin1Char('"');
    return text;
}

}  // namespace

AuditReport verify_audit(QIODevice& file, const QString& identity) {
    Verifier verifier(identity);
    while (!file.atEnd()) {
        QByteArray line = file.readLine(kLongestLine);
        if (line.isEmpty()) break;
        if (!line.endsWith('\n')) {
            verifier.report().notices += QStringLiteral(
                "the last line is incomplete: its writer was killed, or is about to end it");
            break;
        }
        line.chop(1);
        verifier.add(line);
    }
    return verifier.finish();
}

QString audit_csv_head() {
    QStringList names;
    for (const char* column : kColumns)
        names += QLatin1String(column);
    return names.join(QLatin1Char(','));
}

QString audit_csv_line(const QByteArray& line) {
    const QJsonObject record = QJsonDocument::fromJson(line).object();
    QStringList cells;
    for (const char* column : kColumns)
        cells += cell(record.value(QLatin1String(column)));
    return cells.join(QLatin1Char(','));
}

}  // namespace botbottle
