// A line of the record, for people: "12:03:04 allow GET https://api.example:443/v1 [slot] 200 1.2
// kB 340 ms".
#pragma once

#include <QHash>
#include <QJsonObject>
#include <QString>
#include <QStringList>

#include "cli/output.h"

namespace botbottle::cli {

// Joins a decision with its outcome, which comes later in the file. Denied requests are shown when
// they are decided; so are allowed ones while someone looks on (`live`), with "…" until their
// outcome.
class AuditView {
  public:
    // `marked`: verdicts stand out on a terminal.
    explicit AuditView(bool live, bool marked = true) : live_(live), marked_(marked) {}

    // The lines to show now for this record; usually one or none.
    QStringList add(const QJsonObject& record);

    // What was decided and has no outcome yet.
    QStringList rest() const;

  private:
    QString head(const QJsonObject& record) const;
    QString denial(const QJsonObject& record) const;
    QString life_event(const QJsonObject& record) const;
    QString mark(const QString& word, Style style) const;

    bool live_;
    bool marked_;
    QHash<qint64, QJsonObject> open_;
    QList<qint64> order_;
};

// "1.2 kB"
QString size_text(qint64 bytes);

}  // namespace botbottle::cli
