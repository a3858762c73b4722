// The argv of a session: the bare command's own, or what the provider makes of the plan.
#include <QJsonArray>

#include "plan/plan.h"

namespace botbottle {

Result<QStringList> command_line(const Plan& plan, PluginRegistry& plugins,
                                 const QString& prompt_file, bool resume, const QString& opening) {
    if (!plan.provider) return plan.command;
    const auto provider = plugins.provider(plan.provider->id);
    if (!provider) return tl::make_unexpected(provider.error());
    const auto or_null = [](bool given, const QString& text) {
        return given ? QJsonValue(text) : QJsonValue(QJsonValue::Null);
    };
    const auto reply = (*provider)->command_line(
        {{QStringLiteral("settings"), plan.provider->settings},
         {QStringLiteral("guest"), guest_to_json(plan.guest)},
         {QStringLiteral("prompt_file"), or_null(!prompt_file.isEmpty(), prompt_file)},
         {QStringLiteral("resume"), resume},
         {QStringLiteral("headless_prompt"), or_null(plan.headless, plan.headless_prompt)},
         {QStringLiteral("opening"), or_null(!plan.headless && !opening.isEmpty(), opening)},
         {QStringLiteral("arguments"), QJsonArray::fromStringList(plan.arguments)}});
    if (!reply) return tl::make_unexpected(reply.error());
    QStringList argv;
    for (const auto& word : reply->value(QStringLiteral("argv")).toArray()) {
        if (!word.isString()) argv.clear();
        if (!word.isString()) break;
        argv += word.toString();
    }
    if (argv.isEmpty()) {
        return failure("bad_reply", QStringLiteral("provider \"%1\" gave no command line")
                                        .arg(plan.provider->id)
                                        .toStdString());
    }
    return argv;
}

}  // namespace botbottle
