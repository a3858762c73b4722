// What doctor found, as claims with their evidence; rendered as text and as a JSON document.
#pragma once

#include <QJsonArray>
#include <QJsonObject>
#include <QList>
#include <QString>

#include "base/error.h"

namespace botbottle::cli {

struct DoctorCheck {
    QString name;
    bool ok = false;
    QString message;
    QString hint;  // what mends it
};

// One line of botbottle-probe.
struct DoctorAttempt {
    QString name;
    QString claim;
    QString outcome;
    QString detail;
    bool bad() const {
        return outcome == QLatin1String("escaped") || outcome == QLatin1String("broken");
    }
};

struct DoctorReport {
    QString backend;
    bool usable = false;
    QList<DoctorCheck> checks;
    QList<DoctorAttempt> attempts;

    bool held() const;
};

QList<DoctorCheck> checks_from_probe(const QJsonObject& probe);

// Error `bad_probe_output` when a line is not what botbottle-probe writes: then nothing was proved.
Result<QList<DoctorAttempt>> parse_attempts(const QString& output);

QString report_text(const DoctorReport& report, bool every_attempt);
QJsonObject report_json(const DoctorReport& report);

}  // namespace botbottle::cli
