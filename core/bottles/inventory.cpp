#include "bottles/inventory.h"

#include <map>
#include <utility>

#include "bottles/warden_connection.h"

namespace botbottle {
namespace {

constexpr int kStatusMs = 1000;

// What one backend says about all of its bottles; nullopt when it could not be asked.
struct BackendListing {
    std::optional<std::map<QString, QJsonObject>> bottles;
    QString why_not;
};

// Where the bottle was started, which need not be where one would be started now: another login,
// sudo and cron have another XDG_RUNTIME_DIR.
QString runtime_root_of(const Metadata& metadata) {
    return metadata.runtime_dir.left(metadata.runtime_dir.lastIndexOf(QLatin1Char('/')));
}

BackendListing ask_backend(const Home& home, PluginRegistry& plugins, const QString& id,
                           const QString& runtime_root) {
    auto backend = plugins.backend(id);
    if (!backend) return {std::nullopt, QString::fromStdString(backend.error().message)};
    auto reply = (*backend)->list({{QStringLiteral("runtime_root"), runtime_root},
                                   {QStringLiteral("state_root"), home.state_root()}});
    if (!reply) return {std::nullopt, QString::fromStdString(reply.error().message)};
    std::map<QString, QJsonObject> bottles;
    for (const auto& value : reply->value(QLatin1String("bottles")).toArray()) {
        const QJsonObject bottle = value.toObject();
        bottles[bottle.value(QLatin1String("identity")).toString()] = bottle;
    }
    return {std::move(bottles), {}};
}

QString remark_of_warden(const Metadata& metadata) {
    auto warden = WardenConnection::open(metadata.runtime_dir);
    if (!warden) return QStringLiteral("its warden does not answer");
    auto status = warden->call(QStringLiteral("status"), {}, kStatusMs);
    if (!status) return QStringLiteral("its warden does not answer");
    QStringList remarks;
    for (const auto& value : status->value(QLatin1String("sidecars")).toArray()) {
        const QJsonObject sidecar = value.toObject();
        const QString name = sidecar.value(QLatin1String("name")).toString();
        const QString state = sidecar.value(QLatin1String("state")).toString();
        const int restarts = sidecar.value(QLatin1String("restarts")).toInt();
        if (state != QLatin1String("running"))
            remarks.append(QStringLiteral("%1 is %2").arg(name, state));
        else if (restarts > 0)
            remarks.append(QStringLiteral("%1 was restarted %2×").arg(name).arg(restarts));
    }
    return remarks.join(QStringLiteral(", "));
}

InventoryItem examine(const Metadata& metadata, const BackendListing& backend) {
    InventoryItem item;
    item.metadata = metadata;
    Observation seen;
    seen.phase = metadata.phase;
    seen.launcher_alive = metadata.launcher.alive();
    seen.inside_alive = metadata.inside.alive();
    seen.warden_alive = metadata.warden.alive();
    bool sessions_known = false;
    if (backend.bottles) {
        // A backend whose bottles are no processes of this machine is the only one who knows.
        const auto listed = backend.bottles->find(metadata.identity);
        if (listed != backend.bottles->end()) {
            seen.inside_alive = listed->second.value(QLatin1String("running")).toBool();
            item.sessions = listed->second.value(QLatin1String("sessions")).toArray();
            sessions_known = true;
        } else if (metadata.inside.pid == 0) {
            seen.inside_alive = false;
        }
    } else {
        item.remark = QStringLiteral("its backend could not be asked: ") + backend.why_not;
    }
    item.state = judge(seen);
    item.abandoned = item.state == BottleState::Running && sessions_known &&
                     item.sessions.isEmpty() && !seen.launcher_alive;
    if (item.abandoned) item.remark = QStringLiteral("abandoned: no session is left in it");
    if (item.state == BottleState::Running && item.remark.isEmpty())
        item.remark = remark_of_warden(metadata);
    return item;
}

}  // namespace

BottleState judge(const Observation& seen) {
    if (seen.phase == BottlePhase::Preserved) return BottleState::Preserved;
    if (seen.phase == BottlePhase::Launching)
        return seen.launcher_alive ? BottleState::Launching : BottleState::Interrupted;
    if (!seen.inside_alive) return BottleState::Dead;
    return seen.warden_alive ? BottleState::Running : BottleState::Closed;
}

QString describe(BottleState state) {
    switch (state) {
        case BottleState::Launching:
            return QStringLiteral("launching");
        case BottleState::Interrupted:
            return QStringLiteral("launching (interrupted)");
        case BottleState::Running:
            return QStringLiteral("running");
        case BottleState::Closed:
            return QStringLiteral("closed: warden gone");
        case BottleState::Dead:
            return QStringLiteral("dead");
        case BottleState::Preserved:
            break;
    }
    return QStringLiteral("preserved");
}

const InventoryItem* Inventory::find(const QString& identity) const {
    for (const InventoryItem& item : bottles) {
        if (item.metadata.identity == identity) return &item;
    }
    return nullptr;
}

std::optional<QJsonObject> find_session(const QJsonArray& sessions, const QString& name) {
    for (const auto& value : sessions) {
        QJsonObject session = value.toObject();
        if (session.value(QLatin1String("name")).toString() == name) return session;
    }
    return std::nullopt;
}

Inventory take_inventory(const Home& home, PluginRegistry& plugins) {
    MetadataListing listing = list_metadata(home);
    Inventory inventory;
    inventory.unreadable = std::move(listing.unreadable);
    std::map<std::pair<QString, QString>, BackendListing> backends;
    for (const Metadata& metadata : listing.bottles) {
        const std::pair place(metadata.backend, runtime_root_of(metadata));
        // What is preserved needs no backend.
        if (metadata.phase != BottlePhase::Preserved && backends.count(place) == 0)
            backends.emplace(place, ask_backend(home, plugins, place.first, place.second));
        const auto backend = backends.find(place);
        inventory.bottles.append(
            examine(metadata, backend == backends.end()
                                  ? BackendListing{std::map<QString, QJsonObject>{}, {}}
                                  : backend->second));
    }
    return inventory;
}

}  // namespace botbottle
