// botbottle config: every setting, its value, and where that came from.
#include <QJsonArray>
#include <QJsonDocument>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

QString value_text(const QJsonValue& value) {
    if (value.isNull() || value.isUndefined()) return QStringLiteral("-");
    if (value.isString())
        return value.toString().isEmpty() ? QStringLiteral("-") : value.toString();
    if (value.isDouble()) return QString::number(value.toDouble());
    const QJsonDocument document =
        value.isArray() ? QJsonDocument(value.toArray()) : QJsonDocument(value.toObject());
    return QString::fromUtf8(document.toJson(QJsonDocument::Compact));
}

}  // namespace

int run_config(const GlobalOptions& global) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    const QJsonObject settings = settings_to_json((*context)->settings());
    if (global.json) {
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.config/1")},
                    {QStringLiteral("home"), (*context)->home().path()},
                    {QStringLiteral("settings"), settings}});
        return kDone;
    }
    const bool moved = qEnvironmentVariableIsSet("BOT_BOTTLE_HOME");
    QList<QStringList> rows = {
        {QStringLiteral("home"), (*context)->home().path(),
         moved ? QStringLiteral("BOT_BOTTLE_HOME") : QStringLiteral("default")}};
    for (auto setting = settings.begin(); setting != settings.end(); ++setting) {
        const QJsonObject entry = setting.value().toObject();
        rows.append({setting.key(), visible(value_text(entry.value(QLatin1String("value")))),
                     visible(entry.value(QLatin1String("source")).toString())});
    }
    print(
        table({QStringLiteral("SETTING"), QStringLiteral("VALUE"), QStringLiteral("FROM")}, rows));
    return kDone;
}

}  // namespace botbottle::cli
