// botbottle info: everything about an agent, a bottle or an identity, each value with where it came
// from.
#include <QJsonArray>
#include <QJsonObject>

#include "bottles/identity.h"
#include "bottles/inventory.h"
#include "bottles/warden_connection.h"
#include "cli/audit_line.h"
#include "cli/commands.h"
#include "cli/manifest_values.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "manifest/text.h"
#include "plan/preflight.h"

namespace botbottle::cli {
namespace {

constexpr int kWardenMs = 2000;

void row(const QString& name, const QString& value) {
    if (!value.isEmpty()) print_line(name.leftJustified(11) + visible(value));
}

// An agent is shown as it would be launched from here. What the host lacks for that (a variable, a
// login) is a warning: that is what one wants to be told here.
int info_agent(Context& context, const QString& name) {
    LaunchRequest request;
    request.agent = name;
    request.working_directory = context.working_directory();
    request.only_shown = true;
    QStringList warnings;
    auto agent = context.manifests().agent(name, &warnings);
    if (!agent) return fail(agent.error());
    auto bottle = context.manifests().bottle(agent->bottle);
    if (!bottle) return fail(build_plan(request, context.plan_sources()).error());
    const auto plan = build_plan(request, context.plan_sources());
    const QList<ManifestValue> values = values_of(*agent) + values_of(*bottle);
    if (!plan) {
        if (plan.error().code == "manifest_invalid") return fail(plan.error());
        warn(QStringLiteral("it would not start: %1")
                 .arg(QString::fromStdString(plan.error().message)));
        if (!plan.error().hint.empty()) say(QString::fromStdString(plan.error().hint));
    }
    if (context.options().json) {
        print_json(
            {{QStringLiteral("schema"), QStringLiteral("botbottle.info/1")},
             {QStringLiteral("kind"), QStringLiteral("agent")},
             {QStringLiteral("name"), name},
             {QStringLiteral("file"), agent->file},
             {QStringLiteral("bottle_chain"), QJsonArray::fromStringList(bottle->chain)},
             {QStringLiteral("plan"), plan ? QJsonValue(preflight_json(*plan, {})) : QJsonValue()},
             {QStringLiteral("values"), values_json(values)}});
        return kDone;
    }
    if (plan) print(preflight_text(*plan, {}));
    row(QStringLiteral("from"),
        agent->file + (agent->from_repository ? QStringLiteral(" (the repository's)") : QString()));
    print_line({});
    print(values_text(values));
    return kDone;
}

int info_bottle(Context& context, const QString& name) {
    auto bottle = context.manifests().bottle(name);
    if (!bottle) return fail(bottle.error());
    if (context.options().json) {
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.info/1")},
                    {QStringLiteral("kind"), QStringLiteral("bottle")},
                    {QStringLiteral("name"), bottle->name},
                    {QStringLiteral("file"), bottle->file},
                    {QStringLiteral("bottle_chain"), QJsonArray::fromStringList(bottle->chain)},
                    {QStringLiteral("provider"), bottle->provider.id},
                    {QStringLiteral("values"), values_json(values_of(*bottle))}});
        return kDone;
    }
    row(QStringLiteral("bottle"), bottle->name);
    row(QStringLiteral("from"), bottle->file);
    row(QStringLiteral("extends"),
        bottle->chain.size() > 1 ? bottle->chain.join(QStringLiteral(" → ")) : QString());
    print_line({});
    print(values_text(values_of(*bottle)));
    return kDone;
}

// What only the warden of a running bottle can tell; an empty object when it cannot be asked.
QJsonObject ask_warden(const Metadata& metadata, const QString& method) {
    auto warden = WardenConnection::open(metadata.runtime_dir);
    if (!warden) return {};
    return warden->call(method, {}, kWardenMs).value_or(QJsonObject());
}

QString route_text(const QJsonObject& route) {
    QStringList ports;
    for (const auto& port : route.value(QLatin1String("ports")).toArray())
        ports.append(QString::number(port.toInt()));
    QString text = QStringLiteral("%1:%2").arg(route.value(QLatin1String("host")).toString(),
                                               ports.join(QLatin1Char(',')));
    const QJsonObject auth = route.value(QLatin1String("auth")).toObject();
    if (!auth.isEmpty())
        text += QStringLiteral(" [%1 %2]")
                    .arg(auth.value(QLatin1String("scheme")).toString(),
                         auth.value(QLatin1String("slot")).toString());
    return text + QStringLiteral(" (%1)").arg(route.value(QLatin1String("owner")).toString());
}

void print_stats(const QJsonObject& stats) {
    if (stats.isEmpty()) return;
    const QJsonObject requests = stats.value(QLatin1String("requests")).toObject();
    const QJsonObject bytes = stats.value(QLatin1String("bytes")).toObject();
    row(QStringLiteral("requests"),
        QStringLiteral("%1 allowed, %2 denied; %3 up, %4 down")
            .arg(requests.value(QLatin1String("allowed")).toInteger())
            .arg(requests.value(QLatin1String("denied")).toInteger())
            .arg(size_text(bytes.value(QLatin1String("up")).toInteger()),
                 size_text(bytes.value(QLatin1String("down")).toInteger())));
}

void print_instance(const InventoryItem& item, const QJsonObject& policy,
                    const QJsonObject& stats) {
    const Metadata& m = item.metadata;
    row(QStringLiteral("identity"), m.identity);
    row(QStringLiteral("state"),
        describe(item.state) +
            (item.remark.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(item.remark)));
    row(QStringLiteral("kept"), m.preserved_because);
    row(QStringLiteral("agent"), m.agent);
    row(QStringLiteral("bottle"), m.bottle);
    row(QStringLiteral("provider"), m.provider);
    row(QStringLiteral("backend"), m.backend);
    row(QStringLiteral("label"), m.label);
    row(QStringLiteral("started"), m.created.toLocalTime().toString(Qt::ISODate));
    row(QStringLiteral("from"), m.working_directory);
    row(QStringLiteral("workspace"), m.workspace);
    row(QStringLiteral("state dir"), m.state_dir);
    if (item.state != BottleState::Preserved)
        row(QStringLiteral("processes"),
            QStringLiteral("inside %1, warden %2").arg(m.inside.pid).arg(m.warden.pid));
    for (const auto& session : item.sessions) {
        const QJsonObject s = session.toObject();
        row(QStringLiteral("session"),
            QStringLiteral("%1 %2%3").arg(s.value(QLatin1String("name")).toString(),
                                          s.value(QLatin1String("command")).toString(),
                                          s.value(QLatin1String("attached")).toBool()
                                              ? QString()
                                              : QStringLiteral(" (detached)")));
    }
    for (const auto& route : policy.value(QLatin1String("routes")).toArray())
        row(QStringLiteral("route"), route_text(route.toObject()));
    print_stats(stats);
}

int info_instance(Context& context, const QString& identity) {
    const Inventory inventory = take_inventory(context.home(), context.plugins());
    const InventoryItem* item = inventory.find(identity);
    if (item == nullptr)
        return fail({"unknown_identity",
                     "the metadata of " + identity.toStdString() + " cannot be read",
                     {}});
    const bool running = item->state == BottleState::Running;
    const QJsonObject policy =
        running ? ask_warden(item->metadata, QStringLiteral("policy.show")) : QJsonObject();
    const QJsonObject stats =
        running ? ask_warden(item->metadata, QStringLiteral("stats")) : QJsonObject();
    if (!context.options().json) {
        print_instance(*item, policy, stats);
        return kDone;
    }
    print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.info/1")},
                {QStringLiteral("kind"), QStringLiteral("instance")},
                {QStringLiteral("name"), identity},
                {QStringLiteral("state"), describe(item->state)},
                {QStringLiteral("remark"), item->remark},
                {QStringLiteral("sessions"), item->sessions},
                {QStringLiteral("metadata"), metadata_to_json(item->metadata)},
                {QStringLiteral("policy"), policy},
                {QStringLiteral("stats"), stats}});
    return kDone;
}

}  // namespace

int run_info(const GlobalOptions& global, const QString& name) {
    auto made = Context::make(global);
    if (!made) return fail(made.error());
    Context& context = **made;
    if (is_identity(name) && load_metadata(context.home(), name))
        return info_instance(context, name);
    if (context.manifests().agent_names().contains(name)) return info_agent(context, name);
    if (context.manifests().bottle_names().contains(name)) return info_bottle(context, name);
    return fail(
        {"usage", "there is no agent, bottle or running bottle \"" + name.toStdString() + "\"",
         "`botbottle list agents`, `list bottles` and `list` show what there is"},
        kUsage);
}

}  // namespace botbottle::cli
