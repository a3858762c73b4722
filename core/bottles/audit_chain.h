// The hash chain of a record (sidecars/audit/README.md), checked from outside: every line names the
// digest of the line before it in its plane, and the warden seals the other planes when it ends.
#pragma once

#include <QHash>
#include <QIODevice>
#include <QList>
#include <QString>
#include <QStringList>

namespace botbottle {

struct AuditProblem {
    qint64 line = 0;  // from 1
    QString text;
};

struct AuditReport {
    qint64 records = 0;
    QHash<QString, qint64> planes;  // lines of each
    QList<AuditProblem> problems;   // what somebody did to the record
    QStringList notices;            // what a killed writer leaves behind
    // Every plane's last line is the one that the warden saw at its end. Without it, lines that
    // were cut off the end do not show.
    bool sealed = false;
};

// Reads to the end. Changed, dropped, reordered, duplicated and spliced lines are problems; so is
// the record of another bottle.
AuditReport verify_audit(QIODevice& file, const QString& identity);

// A line of the record as a line of CSV (RFC 4180); nothing in it is a formula to a spreadsheet.
QString audit_csv_head();
QString audit_csv_line(const QByteArray& line);

}  // namespace botbottle
