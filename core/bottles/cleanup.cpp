#include "bottles/cleanup.h"

#include <fcntl.h>

#include <QJsonArray>
#include <set>

#include "bottles/apply.h"
#include "bottles/ending.h"
#include "bottles/fault.h"
#include "bottles/identity.h"
#include "bottles/runtime_owner.h"
#include "files/directory_reader.h"
#include "files/lock.h"
#include "files/runtime_directory.h"
#include "files/tree_removal.h"

namespace botbottle {
namespace {

bool is_leftover(const InventoryItem& item) {
    switch (item.state) {
        case BottleState::Interrupted:
        case BottleState::Closed:
        case BottleState::Dead:
            return true;
        case BottleState::Running:
            return item.abandoned;
        case BottleState::Launching:
        case BottleState::Preserved:
            break;
    }
    return false;
}

QList<Leftover> leftovers_of_backend(const Home& home, BackendPlugin& backend,
                                     const QStringList& known, QStringList& notes) {
    QList<Leftover> found;
    const QString id = backend.descriptor().id;
    auto reply = backend.leftovers(
        {{QStringLiteral("runtime_root"), QString::fromStdString(files::runtime_root())},
         {QStringLiteral("state_root"), home.state_root()},
         {QStringLiteral("known"), QJsonArray::fromStringList(known)}});
    if (!reply) {
        notes.append(
            QStringLiteral("%1: %2").arg(id, QString::fromStdString(reply.error().message)));
        return found;
    }
    for (const auto& value : reply->value(QLatin1String("items")).toArray()) {
        const QJsonObject item = value.toObject();
        found.append({Leftover::Kind::Backend, item.value(QLatin1String("identity")).toString(),
                      item.value(QLatin1String("description")).toString(), id,
                      item.value(QLatin1String("id")).toString()});
    }
    return found;
}

QList<Leftover> stale_runtime_directories(const std::set<QString>& known) {
    QList<Leftover> found;
    const std::string root = files::runtime_root();
    const UniqueFd directory = files::open_directory_at(AT_FDCWD, root.c_str());
    if (!directory) return found;
    for (const std::string& name : files::names_in(directory.get())) {
        const QString identity = QString::fromStdString(name);
        if (!is_identity(identity) || known.count(identity) != 0) continue;
        found.append({Leftover::Kind::RuntimeDirectory,
                      identity,
                      QStringLiteral("sockets of a bottle that is no more"),
                      {},
                      QString::fromStdString(files::entry_path(root, name))});
    }
    return found;
}

tl::unexpected<Error> no_leftover(const Leftover& leftover) {
    return failure("in_use", leftover.identity.toStdString() + " came to life meanwhile");
}

Result<QString> end_leftover_bottle(const Home& home, PluginRegistry& plugins,
                                    const Leftover& leftover) {
    // The operator has thought about it since it was found, and may have attached to it.
    const Inventory inventory = take_inventory(home, plugins);
    const InventoryItem* item = inventory.find(leftover.identity);
    if (item == nullptr) return QStringLiteral("gone already");
    if (!is_leftover(*item)) return no_leftover(leftover);
    auto backend = plugins.backend(leftover.backend);
    if (!backend) return tl::make_unexpected(backend.error());
    EndRequest request;
    request.identity = leftover.identity;
    if (!item->metadata.agent.isEmpty())
        request.lost = QStringLiteral("how its agent ended is not known");
    auto report = end_bottle(home, **backend, request);
    if (!report) return tl::make_unexpected(report.error());
    return report->preserved ? QStringLiteral("preserved: ") + report->because
                             : QStringLiteral("removed");
}

Result<QString> end_apply(const Home& home, const Leftover& leftover) {
    // Held by an apply that goes on.
    auto lock = files::FileLock::acquire(home.lock_file(leftover.identity).toStdString());
    if (!lock) return tl::make_unexpected(lock.error());
    auto metadata = load_metadata(home, leftover.identity);
    if (!metadata) return tl::make_unexpected(metadata.error());
    if (auto recovered = recover_apply(*metadata); !recovered)
        return tl::make_unexpected(recovered.error());
    return QStringLiteral("removed");
}

Result<QString> remove_backend_item(PluginRegistry& plugins, const Leftover& leftover) {
    auto backend = plugins.backend(leftover.backend);
    if (!backend) return tl::make_unexpected(backend.error());
    auto removed = (*backend)->remove({{QStringLiteral("items"), QJsonArray{leftover.item}}});
    if (!removed) return tl::make_unexpected(removed.error());
    return QStringLiteral("removed");
}

// A launch holds the lock from before its first directory until there is metadata that can be read.
Result<QString> remove_directory(const Home& home, const Leftover& leftover) {
    if (auto made = home.make(); !made) return tl::make_unexpected(made.error());
    auto lock = files::FileLock::acquire(home.lock_file(leftover.identity).toStdString());
    if (!lock) return tl::make_unexpected(lock.error());
    if (load_metadata(home, leftover.identity)) return no_leftover(leftover);
    if (auto removed = files::remove_tree(leftover.item.toStdString()); !removed)
        return tl::make_unexpected(removed.error());
    (void)files::remove_tree(home.queue(leftover.identity).toStdString());
    std::move(*lock).release_and_remove();
    return QStringLiteral("removed");
}

}  // namespace

QString to_string(Leftover::Kind kind) {
    switch (kind) {
        case Leftover::Kind::Bottle:
            return QStringLiteral("bottle");
        case Leftover::Kind::DamagedState:
            return QStringLiteral("damaged state");
        case Leftover::Kind::RuntimeDirectory:
            return QStringLiteral("sockets");
        case Leftover::Kind::Apply:
            return QStringLiteral("apply");
        case Leftover::Kind::Backend:
            break;
    }
    return QStringLiteral("backend");
}

QList<Leftover> find_leftovers(const Home& home, PluginRegistry& plugins, QStringList& notes) {
    const Inventory inventory = take_inventory(home, plugins);
    QList<Leftover> found;
    std::set<QString> with_state;
    QStringList known;
    for (const InventoryItem& item : inventory.bottles) {
        with_state.insert(item.metadata.identity);
        known.append(item.metadata.identity);
        if (is_leftover(item))
            found.append({Leftover::Kind::Bottle, item.metadata.identity,
                          item.abandoned ? item.remark : describe(item.state),
                          item.metadata.backend, item.metadata.state_dir});
        else if (apply_was_interrupted(item.metadata))
            found.append(
                {Leftover::Kind::Apply,
                 item.metadata.identity,
                 QStringLiteral("an interrupted apply to ") + item.metadata.working_directory,
                 {},
                 item.metadata.working_directory});
    }
    for (const QString& identity : bottles_of_other_homes(home)) {
        with_state.insert(identity);
        known.append(identity);
    }
    for (const QString& id : plugins.ids(PluginKind::Backend)) {
        auto backend = plugins.backend(id);
        if (backend) found += leftovers_of_backend(home, **backend, known, notes);
    }
    // After the backends', which may still run in them.
    for (const UnreadableBottle& bottle : inventory.unreadable) {
        with_state.insert(bottle.identity);
        found.append({Leftover::Kind::DamagedState,
                      bottle.identity,
                      QString::fromStdString(bottle.error.message),
                      {},
                      home.state(bottle.identity)});
    }
    return found + stale_runtime_directories(with_state);
}

Result<QString> remove_leftover(const Home& home, PluginRegistry& plugins,
                                const Leftover& leftover) {
    fault_point("cleanup.found");
    switch (leftover.kind) {
        case Leftover::Kind::Apply:
            return end_apply(home, leftover);
        case Leftover::Kind::Bottle:
            return end_leftover_bottle(home, plugins, leftover);
        case Leftover::Kind::Backend:
            return remove_backend_item(plugins, leftover);
        case Leftover::Kind::DamagedState:
        case Leftover::Kind::RuntimeDirectory:
            break;
    }
    return remove_directory(home, leftover);
}

}  // namespace botbottle
