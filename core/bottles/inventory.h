// The inventory: which bottles there are and what is true of each right now.
#pragma once

#include <QJsonArray>
#include <QJsonObject>
#include <QList>
#include <QString>
#include <optional>

#include "bottles/home.h"
#include "bottles/metadata.h"
#include "plugins/registry.h"

namespace botbottle {

enum class BottleState {
    Launching,    // a command is starting it
    Interrupted,  // the command that was starting it is gone
    Running,
    Closed,     // it runs, but its warden is gone: nothing gets in or out
    Dead,       // it ended and nobody tidied up
    Preserved,  // ended and kept
};

struct Observation {
    BottlePhase phase = BottlePhase::Launching;
    bool launcher_alive = false;
    bool inside_alive = false;
    bool warden_alive = false;
};

// The judgement alone, without asking anyone.
BottleState judge(const Observation& observation);

// "running", "closed: warden gone", "launching (interrupted)", …
QString describe(BottleState state);

struct InventoryItem {
    Metadata metadata;
    BottleState state = BottleState::Dead;
    QJsonArray sessions;  // as the backend lists them
    bool abandoned =
        false;       // it runs, but nothing runs in it and the command that started it is gone
    QString remark;  // what else the operator should know: a sidecar that is down, an unreachable
                     // backend
};

struct Inventory {
    QList<InventoryItem> bottles;  // sorted by (created, identity)
    QList<UnreadableBottle> unreadable;

    const InventoryItem* find(const QString& identity) const;
};

// The session of that name among a bottle's sessions.
std::optional<QJsonObject> find_session(const QJsonArray& sessions, const QString& name);

// Asks the kernel, the backends that the metadata names, and the wardens.
Inventory take_inventory(const Home& home, PluginRegistry& plugins);

}  // namespace botbottle
