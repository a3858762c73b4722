// What a bottle and an agent say, value by value, each with the line that it comes from: for
// `info`.
#pragma once

#include <QJsonArray>
#include <QList>
#include <QString>

#include "manifest/manifest.h"

namespace botbottle::cli {

struct ManifestValue {
    QString key;    // as in the file: "git-gate.user.name"
    QString value;  // for people; never a secret, which a manifest only refers to
    QString from;   // "file:line", or "default"
};

// With everything that it extends, in the order of the manifest's documentation.
QList<ManifestValue> values_of(const BottleManifest& bottle);
QList<ManifestValue> values_of(const AgentManifest& agent);

QString values_text(const QList<ManifestValue>& values);
QJsonArray values_json(const QList<ManifestValue>& values);

// "file:line".
QString place(const Location& where);

}  // namespace botbottle::cli
