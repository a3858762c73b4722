// botbottle list: bottles that run or were kept, and the agents and bottles that can be started.
#include <QJsonArray>
#include <QJsonObject>
#include <vector>

#include "bottles/inventory.h"
#include "cli/commands.h"
#include "cli/in_parallel.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

QString age(const QDateTime& since) {
    const qint64 seconds = since.secsTo(QDateTime::currentDateTimeUtc());
    if (seconds < 60) return QStringLiteral("%1 s").arg(seconds);
    if (seconds < 3600) return QStringLiteral("%1 min").arg(seconds / 60);
    if (seconds < 86400) return QStringLiteral("%1 h").arg(seconds / 3600);
    return QStringLiteral("%1 d").arg(seconds / 86400);
}

QString state_text(const InventoryItem& item) {
    QString text = describe(item.state);
    if (!item.remark.isEmpty()) text += QStringLiteral(" (%1)").arg(visible(item.remark));
    return text;
}

QJsonObject item_json(const InventoryItem& item) {
    const Metadata& m = item.metadata;
    return {{QStringLiteral("identity"), m.identity},
            {QStringLiteral("state"), describe(item.state)},
            {QStringLiteral("remark"), item.remark},
            {QStringLiteral("agent"), m.agent},
            {QStringLiteral("bottle"), m.bottle},
            {QStringLiteral("provider"), m.provider},
            {QStringLiteral("backend"), m.backend},
            {QStringLiteral("label"), m.label},
            {QStringLiteral("started"), m.created.toUTC().toString(Qt::ISODateWithMs)},
            {QStringLiteral("working_directory"), m.working_directory},
            {QStringLiteral("workspace"), m.workspace},
            {QStringLiteral("state_dir"), m.state_dir},
            {QStringLiteral("pids"), QJsonObject{{QStringLiteral("warden"), m.warden.pid},
                                                 {QStringLiteral("inside"), m.inside.pid}}},
            {QStringLiteral("sessions"), item.sessions},
            {QStringLiteral("exit_code"), m.exit_code ? QJsonValue(*m.exit_code) : QJsonValue()},
            {QStringLiteral("preserved_because"), m.preserved_because}};
}

int list_instances(Context& context, bool preserved) {
    const Inventory inventory = take_inventory(context.home(), context.plugins());
    QJsonArray documents;
    QList<QStringList> rows;
    for (const InventoryItem& item : inventory.bottles) {
        if ((item.state == BottleState::Preserved) != preserved) continue;
        documents.append(item_json(item));
        const Metadata& m = item.metadata;
        rows.append({m.identity, preserved ? visible(m.preserved_because) : state_text(item),
                     m.agent.isEmpty() ? QStringLiteral("-") : m.agent,
                     m.bottle.isEmpty() ? QStringLiteral("-") : m.bottle, m.backend, age(m.created),
                     visible(m.label)});
    }
    for (const UnreadableBottle& bottle : inventory.unreadable)
        warn(QStringLiteral("%1: %2").arg(bottle.identity,
                                          QString::fromStdString(bottle.error.message)));
    if (context.options().json) {
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.list/1")},
                    {QStringLiteral("bottles"), documents}});
    } else if (!rows.isEmpty()) {
        print(table({QStringLiteral("IDENTITY"),
                     preserved ? QStringLiteral("KEPT BECAUSE") : QStringLiteral("STATE"),
                     QStringLiteral("AGENT"), QStringLiteral("BOTTLE"), QStringLiteral("BACKEND"),
                     QStringLiteral("AGE"), QStringLiteral("LABEL")},
                    rows));
    }
    return kDone;
}

// One row of what can be started; a broken file is shown as broken, and breaks nothing else.
struct Definition {
    QString name;
    QString detail;
    QString error;
};

template <typename Describe>
QList<Definition> definitions(const QStringList& names, const Describe& describe_one) {
    std::vector<Definition> found(static_cast<std::size_t>(names.size()));
    in_parallel(found.size(), [&](std::size_t at) {
        Definition& definition = found[at];
        definition.name = names[static_cast<qsizetype>(at)];
        if (Result<QString> detail = describe_one(definition.name))
            definition.detail = *detail;
        else
            definition.error =
                QString::fromStdString(detail.error().message).section(QLatin1Char('\n'), 0, 0);
    });
    return QList<Definition>(found.begin(), found.end());
}

int print_definitions(const Context& context, const char* key, const QString& detail_head,
                      const QList<Definition>& list) {
    QJsonArray documents;
    QList<QStringList> rows;
    for (const Definition& definition : list) {
        const bool broken = !definition.error.isEmpty();
        documents.append(QJsonObject{{QStringLiteral("name"), definition.name},
                                     {QStringLiteral("broken"), broken},
                                     {broken ? QStringLiteral("error") : QStringLiteral("detail"),
                                      broken ? definition.error : definition.detail}});
        rows.append({definition.name, broken
                                          ? QStringLiteral("broken: ") + visible(definition.error)
                                          : visible(definition.detail)});
    }
    if (context.options().json)
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.list/1")},
                    {QLatin1String(key), documents}});
    else if (!rows.isEmpty())
        print(table({QStringLiteral("NAME"), detail_head}, rows));
    return kDone;
}

int list_agents(Context& context) {
    const ManifestStore& store = context.manifests();
    return print_definitions(
        context, "agents", QStringLiteral("BOTTLE"),
        definitions(store.agent_names(), [&store](const QString& name) -> Result<QString> {
            auto agent = store.agent(name);
            if (!agent) return tl::make_unexpected(agent.error());
            return agent->bottle;
        }));
}

int list_bottles(Context& context) {
    const ManifestStore& store = context.manifests();
    return print_definitions(
        context, "bottles", QStringLiteral("PROVIDER AND ROUTES"),
        definitions(store.bottle_names(), [&store](const QString& name) -> Result<QString> {
            auto bottle = store.bottle(name);
            if (!bottle) return tl::make_unexpected(bottle.error());
            QStringList hosts;
            for (const RouteManifest& route : bottle->routes)
                hosts.append(route.host);
            return bottle->provider.id +
                   (hosts.isEmpty() ? QString()
                                    : QStringLiteral("; ") + hosts.join(QStringLiteral(", ")));
        }));
}

}  // namespace

int run_list(const GlobalOptions& global, Listed what) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    switch (what) {
        case Listed::Agents:
            return list_agents(**context);
        case Listed::Bottles:
            return list_bottles(**context);
        case Listed::Active:
        case Listed::Preserved:
            break;
    }
    return list_instances(**context, what == Listed::Preserved);
}

}  // namespace botbottle::cli
