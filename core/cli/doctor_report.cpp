#include "cli/doctor_report.h"

#include <QJsonDocument>

#include "cli/output.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

struct Claim {
    const char* id;  // as botbottle-probe says
    const char* text;
};
constexpr Claim kClaims[] = {
    {"network", "there is no way out but the egress socket"},
    {"files", "no file or socket of the host can be reached, nothing of the system changed"},
    {"processes", "no process outside can be seen, and pid 1 cannot be touched"},
    {"privileges", "no rights can be gained: namespaces, mounts, capabilities, terminals"},
    {"kernel", "the kernel's devices, keys and settings are out of reach"},
    {"egress", "the one way out works, and refuses what no route names"},
};

struct Tally {
    int tried = 0;
    int skipped = 0;
    QList<const DoctorAttempt*> bad;
};

Tally tally(const DoctorReport& report, const QString& claim) {
    Tally result;
    for (const DoctorAttempt& attempt : report.attempts) {
        if (attempt.claim != claim) continue;
        if (attempt.outcome == QLatin1String("skipped"))
            ++result.skipped;
        else
            ++result.tried;
        if (attempt.bad()) result.bad.append(&attempt);
    }
    return result;
}

QString mark(bool ok) {
    return ok ? styled(QStringLiteral("ok  "), Style::Green)
              : styled(QStringLiteral("FAIL"), Style::Red);
}

QString attempt_line(const DoctorAttempt& attempt) {
    return QStringLiteral("       %1 %2 %3\n")
        .arg(attempt.name.leftJustified(22), attempt.outcome.leftJustified(8),
             visible(attempt.detail));
}

QString claim_text(const DoctorReport& report, const Claim& claim, bool every_attempt) {
    const Tally count = tally(report, QLatin1String(claim.id));
    // A claim that nothing was tried for is not proved.
    const bool held = count.bad.isEmpty() && count.tried > 0;
    QString text = QStringLiteral("%1 %2 (%3 tried")
                       .arg(mark(held), QLatin1String(claim.text))
                       .arg(count.tried);
    if (count.skipped > 0) text += QStringLiteral(", %1 could not be").arg(count.skipped);
    text += QStringLiteral(")\n");
    for (const DoctorAttempt& attempt : report.attempts) {
        if (attempt.claim == QLatin1String(claim.id) && (every_attempt || attempt.bad()))
            text += attempt_line(attempt);
    }
    return text;
}

}  // namespace

bool DoctorReport::held() const {
    for (const DoctorCheck& check : checks) {
        if (!check.ok) return false;
    }
    for (const Claim& claim : kClaims) {
        const Tally count = tally(*this, QLatin1String(claim.id));
        if (!count.bad.isEmpty() || count.tried == 0) return false;
    }
    return usable;
}

QList<DoctorCheck> checks_from_probe(const QJsonObject& probe) {
    QList<DoctorCheck> checks;
    for (const auto& value : probe.value(QLatin1String("checks")).toArray()) {
        const QJsonObject check = value.toObject();
        checks.append({check.value(QLatin1String("name")).toString(),
                       check.value(QLatin1String("ok")).toBool(),
                       check.value(QLatin1String("message")).toString(),
                       check.value(QLatin1String("hint")).toString()});
    }
    return checks;
}

Result<QList<DoctorAttempt>> parse_attempts(const QString& output) {
    QList<DoctorAttempt> attempts;
    for (const QString& line : output.split(QLatin1Char('\n'), Qt::SkipEmptyParts)) {
        const QJsonObject object = QJsonDocument::fromJson(line.toUtf8()).object();
        const auto text = [&object](const char* key) {
            return object.value(QLatin1String(key)).toString();
        };
        const DoctorAttempt attempt{text("name"), text("claim"), text("outcome"), text("detail")};
        if (attempt.name.isEmpty() || attempt.claim.isEmpty() || attempt.outcome.isEmpty())
            return failure(
                "bad_probe_output",
                "the attempts inside the bottle reported something else than findings: " +
                    line.left(200).toStdString());
        attempts.append(attempt);
    }
    return attempts;
}

QString report_text(const DoctorReport& report, bool every_attempt) {
    QString text = styled(report.backend, Style::Bold) + QLatin1Char('\n');
    for (const DoctorCheck& check : report.checks) {
        text +=
            QStringLiteral("%1 %2: %3\n").arg(mark(check.ok), check.name, visible(check.message));
        if (!check.ok && !check.hint.isEmpty())
            text += QStringLiteral("       %1\n").arg(visible(check.hint));
    }
    if (report.attempts.isEmpty()) return text;
    text +=
        styled(QStringLiteral("tried inside a throw-away bottle"), Style::Bold) + QLatin1Char('\n');
    for (const Claim& claim : kClaims)
        text += claim_text(report, claim, every_attempt);
    return text;
}

QJsonObject report_json(const DoctorReport& report) {
    QJsonArray checks;
    for (const DoctorCheck& check : report.checks)
        checks.append(QJsonObject{{QStringLiteral("name"), check.name},
                                  {QStringLiteral("ok"), check.ok},
                                  {QStringLiteral("message"), check.message},
                                  {QStringLiteral("hint"), check.hint}});
    QJsonArray claims;
    for (const Claim& claim : kClaims) {
        const Tally count = tally(report, QLatin1String(claim.id));
        claims.append(QJsonObject{{QStringLiteral("claim"), QLatin1String(claim.id)},
                                  {QStringLiteral("text"), QLatin1String(claim.text)},
                                  {QStringLiteral("held"), count.bad.isEmpty() && count.tried > 0},
                                  {QStringLiteral("tried"), count.tried},
                                  {QStringLiteral("skipped"), count.skipped}});
    }
    QJsonArray attempts;
    for (const DoctorAttempt& attempt : report.attempts)
        attempts.append(QJsonObject{{QStringLiteral("name"), attempt.name},
                                    {QStringLiteral("claim"), attempt.claim},
                                    {QStringLiteral("outcome"), attempt.outcome},
                                    {QStringLiteral("detail"), attempt.detail}});
    return {{QStringLiteral("schema"), QStringLiteral("botbottle.doctor/1")},
            {QStringLiteral("backend"), report.backend},
            {QStringLiteral("usable"), report.usable},
            {QStringLiteral("held"), report.held()},
            {QStringLiteral("checks"), checks},
            {QStringLiteral("claims"), claims},
            {QStringLiteral("attempts"), attempts}};
}

}  // namespace botbottle::cli
