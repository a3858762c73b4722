// Cleanup: what crashes and reboots left behind, found first and removed when the operator agrees.
#pragma once

#include <QJsonObject>
#include <QList>
#include <QString>
#include <QStringList>

#include "bottles/home.h"
#include "bottles/inventory.h"
#include "plugins/registry.h"

namespace botbottle {

struct Leftover {
    enum class Kind {
        Bottle,  // ours: ended, interrupted or cut off; removed, or preserved if its workspace
                 // changed
        DamagedState,      // a state directory whose metadata cannot be read
        RuntimeDirectory,  // sockets of a bottle that is no more
        Backend,           // something that only the backend knows
        Apply,             // files that an interrupted `apply` wrote beside the operator's own
    };
    Kind kind = Kind::Bottle;
    QString identity;
    QString description;
    QString backend;  // Bottle and Backend
    QString item;     // Backend: the backend's name for it; others: a path
};

QString to_string(Leftover::Kind kind);

// Loads every backend. What runs, what is being launched, and what is preserved is not among it.
// `notes` gets what could not be looked at.
QList<Leftover> find_leftovers(const Home& home, PluginRegistry& plugins, QStringList& notes);

// What happened, for people: "removed", "preserved: …".
Result<QString> remove_leftover(const Home& home, PluginRegistry& plugins,
                                const Leftover& leftover);

}  // namespace botbottle
