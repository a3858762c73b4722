// Metadata: what was started as one bottle, on disk so that every later command knows of it.
//
// `state/<identity>/metadata.json`, replaced as a whole. It holds no secret: the plan in it names
// the host variables, never their values.
#pragma once

#include <QDateTime>
#include <QJsonObject>
#include <QList>
#include <QString>
#include <optional>

#include "base/error.h"
#include "bottles/home.h"
#include "bottles/process_reference.h"
#include "files/atomic_file.h"

namespace botbottle {

// How far a bottle has come. Whether it really runs is another question (inventory.h).
enum class BottlePhase { Launching, Running, Preserved };

// What becomes of a bottle's state at its end.
enum class Lifetime {
    ThrowAway,      // removed, whatever happened: `run`
    UnlessChanged,  // removed when the agent succeeded and its workspace is as it was
    Kept,           // preserved: --keep
};

struct Metadata {
    QString identity;
    BottlePhase phase = BottlePhase::Launching;
    QDateTime created;
    Lifetime lifetime = Lifetime::UnlessChanged;
    int generation = 1;    // counts its launches, so that a command ends the one that it knows
    bool resumed = false;  // it was preserved once: an interrupted launch takes nothing away

    QString agent;   // empty for a bare command
    QString bottle;  // empty for none
    QString provider;
    QString backend;
    QString label;
    QString working_directory;
    QString workspace;              // the copy on the host; empty when there is none
    bool workspace_inside = false;  // the agent works in the bottle's own; see bring_out.h
    bool home_inside = false;       // its home is gone when the bottle ends
    bool brought_out = false;       // both were brought out, by an end that did not come to its end
    QString state_dir;
    QString runtime_dir;

    QJsonObject handle;       // the backend's
    QJsonObject guest;        // as the backend prepared it
    QJsonObject plan;         // plan_to_json, for `info`
    QJsonObject environment;  // of every session, without the secrets

    ProcessReference launcher;
    ProcessReference warden;
    ProcessReference inside;  // the process whose end is the bottle's end

    std::optional<int> exit_code;  // the agent's, once it ended
    QString preserved_because;

    // Something of it exists only in the bottle (bring_out.h).
    bool keeps_inside() const { return workspace_inside || home_inside; }
};

QString to_string(BottlePhase phase);
QString to_string(Lifetime lifetime);
QJsonObject metadata_to_json(const Metadata& metadata);

// Error `bad_metadata`: not ours, or of a newer botbottle.
Result<Metadata> metadata_from_json(const QJsonObject& object);

// By default bottles that someone would miss are synced to the disk, and throw-away ones are not.
Result<void> save_metadata(const Metadata& metadata);
Result<void> save_metadata(const Metadata& metadata, files::Durability durability);
Result<Metadata> load_metadata(const Home& home, const QString& identity);

struct UnreadableBottle {
    QString identity;
    Error error;
};

struct MetadataListing {
    QList<Metadata> bottles;  // sorted by (created, identity)
    QList<UnreadableBottle> unreadable;
};
MetadataListing list_metadata(const Home& home);

// The members that every request about a bottle has (docs/plugin-abi.md, "Backend").
QJsonObject backend_request(const Metadata& metadata);

}  // namespace botbottle
