// botbottle audit: whether a bottle's record is whole, and the record for other programs.
#include <QFile>
#include <QJsonArray>

#include "bottles/audit_chain.h"
#include "bottles/identity.h"
#include "bottles/metadata.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"

namespace botbottle::cli {
namespace {

Result<void> open_record(const Home& home, const QString& identity, QFile& file) {
    if (!is_identity(identity))
        return failure("usage", "\"" + identity.toStdString() + "\" is not the name of a bottle",
                       "`botbottle list active` shows the names");
    file.setFileName(home.audit_file(identity));
    if (!file.open(QIODevice::ReadOnly))
        return failure("unknown_identity", "there is no record of " + identity.toStdString(),
                       "the records are in " + home.audit_file(QString()).toStdString());
    return {};
}

bool may_still_write(const Home& home, const QString& identity) {
    const auto metadata = load_metadata(home, identity);
    return metadata && metadata->phase != BottlePhase::Preserved;
}

void print_report(const QString& identity, const AuditReport& report, bool runs) {
    for (const AuditProblem& problem : report.problems)
        print_line(QStringLiteral("%1 line %2: %3")
                       .arg(styled(QStringLiteral("broken"), Style::Red))
                       .arg(problem.line)
                       .arg(problem.text));
    for (const QString& notice : report.notices)
        print_line(
            QStringLiteral("%1 %2").arg(styled(QStringLiteral("note"), Style::Yellow), notice));
    if (!report.sealed)
        print_line(QStringLiteral("%1 %2").arg(
            styled(runs ? QStringLiteral("note") : QStringLiteral("broken"),
                   runs ? Style::Yellow : Style::Red),
            runs ? QStringLiteral(
                       "the bottle has not ended: the record gets its seal then, and a cut "
                       "at its end would not show before")
                 : QStringLiteral(
                       "the record has no seal: lines were cut off its end, or its warden "
                       "was killed")));
    if (report.problems.isEmpty() && (report.sealed || runs))
        print_line(QStringLiteral("%1 %2: %3 records")
                       .arg(styled(QStringLiteral("whole"), Style::Green), identity)
                       .arg(report.records));
}

}  // namespace

int run_audit_verify(const GlobalOptions& global, const QString& identity) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    QFile file;
    if (auto opened = open_record((*context)->home(), identity, file); !opened)
        return fail(opened.error());
    const AuditReport report = verify_audit(file, identity);
    const bool runs = may_still_write((*context)->home(), identity);
    const bool whole = report.problems.isEmpty() && (report.sealed || runs);
    if (!global.json) {
        print_report(identity, report, runs);
        return whole ? kDone : kFailed;
    }
    QJsonArray problems;
    for (const AuditProblem& problem : report.problems)
        problems.append(QJsonObject{{QStringLiteral("line"), problem.line},
                                    {QStringLiteral("text"), problem.text}});
    print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.audit-verify/1")},
                {QStringLiteral("identity"), identity},
                {QStringLiteral("whole"), whole},
                {QStringLiteral("sealed"), report.sealed},
                {QStringLiteral("records"), report.records},
                {QStringLiteral("problems"), problems},
                {QStringLiteral("notices"), QJsonArray::fromStringList(report.notices)}});
    return whole ? kDone : kFailed;
}

int run_audit_export(const GlobalOptions& global, const QString& identity, const QString& format) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    QFile file;
    if (auto opened = open_record((*context)->home(), identity, file); !opened)
        return fail(opened.error());
    const bool csv = format == QLatin1String("csv");
    if (csv) print_line(audit_csv_head());
    while (!file.atEnd()) {
        const QByteArray line = file.readLine().trimmed();
        if (line.isEmpty()) continue;
        print_line(csv ? audit_csv_line(line) : QString::fromUtf8(line));
    }
    return kDone;
}

}  // namespace botbottle::cli
