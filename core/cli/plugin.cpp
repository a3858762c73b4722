// botbottle plugin: which plugins were found, why one was refused, and what one does when it is
// tried.
#include <QJsonArray>
#include <QJsonObject>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "conformance/verify.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

QJsonObject report_json(const PluginReport& report) {
    QJsonObject object = {{QStringLiteral("path"), report.path},
                          {QStringLiteral("usable"), !report.refused.has_value()}};
    if (report.descriptor) object[QStringLiteral("descriptor")] = report.descriptor->document;
    if (report.refused)
        object[QStringLiteral("refused")] = QJsonObject{
            {QStringLiteral("code"), QString::fromStdString(report.refused->code)},
            {QStringLiteral("message"), QString::fromStdString(report.refused->message)}};
    return object;
}

QStringList report_row(const PluginReport& report) {
    const QString unknown = QStringLiteral("?");
    const bool known = report.descriptor.has_value();
    const QString state = report.refused ? QStringLiteral("refused: ") +
                                               QString::fromStdString(report.refused->message)
                                         : report.descriptor->summary;
    return {known ? report.descriptor->id : unknown,
            known ? to_string(report.descriptor->kind) : unknown,
            known ? report.descriptor->version : unknown, visible(state)};
}

QString level_name(conformance::Level level) {
    switch (level) {
        case conformance::Level::Passed:
            return QStringLiteral("ok");
        case conformance::Level::Warning:
            return QStringLiteral("warning");
        case conformance::Level::Failed:
            return QStringLiteral("failed");
    }
    return {};
}

void print_details(const PluginReport& report) {
    const PluginDescriptor& plugin = *report.descriptor;
    QList<QStringList> rows = {
        {QStringLiteral("id"), plugin.id},
        {QStringLiteral("kind"), to_string(plugin.kind)},
        {QStringLiteral("version"), plugin.version},
        {QStringLiteral("summary"), visible(plugin.summary)},
        {QStringLiteral("file"), report.path},
        {QStringLiteral("extensions"), plugin.extensions.join(QStringLiteral(", "))}};
    if (!plugin.host_env.isEmpty())
        rows.append({QStringLiteral("reads"), plugin.host_env.join(QStringLiteral(", "))});
    for (const SettingSchema& setting : plugin.settings)
        rows.append(
            {QStringLiteral("setting"),
             QStringLiteral("%1%2: %3")
                 .arg(setting.key, setting.required ? QStringLiteral(" (required)") : QString(),
                      visible(setting.summary))});
    if (report.refused)
        rows.append({QStringLiteral("refused"), QString::fromStdString(report.refused->message)});
    for (const QStringList& row : rows)
        print_line(row[0].leftJustified(12) + row[1]);
}

}  // namespace

int run_plugin_list(const GlobalOptions& global) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    QJsonArray documents;
    QList<QStringList> rows;
    for (const PluginReport& report : (*context)->plugins().scan()) {
        documents.append(report_json(report));
        rows.append(report_row(report));
    }
    if (global.json)
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.plugins/1")},
                    {QStringLiteral("plugins"), documents}});
    else if (!rows.isEmpty())
        print(table({QStringLiteral("ID"), QStringLiteral("KIND"), QStringLiteral("VERSION"),
                     QStringLiteral("SUMMARY")},
                    rows));
    return kDone;
}

int run_plugin_info(const GlobalOptions& global, const QString& id) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    QJsonArray documents;
    for (const PluginReport& report : (*context)->plugins().scan()) {
        if (!report.descriptor || report.descriptor->id != id) continue;
        if (!global.json) print_details(report);
        documents.append(report_json(report));
    }
    if (documents.isEmpty())
        return fail({"unknown_plugin", "there is no plugin \"" + id.toStdString() + "\"",
                     "`botbottle plugin list` shows all"},
                    kUsage);
    if (global.json)
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.plugins/1")},
                    {QStringLiteral("plugins"), documents}});
    return kDone;
}

int run_plugin_verify(const GlobalOptions& global, const QString& file) {
    const conformance::Report report = conformance::verify_plugin(file);
    QJsonArray checks;
    QList<QStringList> rows;
    for (const conformance::Finding& finding : report.findings) {
        const QString level = level_name(finding.level);
        checks.append(QJsonObject{{QStringLiteral("check"), finding.check},
                                  {QStringLiteral("level"), level},
                                  {QStringLiteral("message"), finding.message}});
        rows.append({level, finding.check, visible(finding.message)});
    }
    if (global.json)
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.plugin-verify/1")},
                    {QStringLiteral("path"), report.path},
                    {QStringLiteral("passed"), report.passed()},
                    {QStringLiteral("checks"), checks}});
    else
        print(table({QStringLiteral("RESULT"), QStringLiteral("CHECK"), QStringLiteral("FOUND")},
                    rows));
    return report.passed() ? kDone : kFailed;
}

}  // namespace botbottle::cli
