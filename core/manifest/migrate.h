// Files of older shapes, written anew.
//
// What an older key said is carried over where the new shape can say it; what it cannot is left out
// and named in `notes`, with what to do. Nothing is guessed about credentials or hosts.
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

#include "base/error.h"

namespace botbottle {

struct MigratedFile {
    QString path;  // relative to ~/.bot-bottle: "bottles/dev.md"
    QString text;
};

struct Migration {
    QList<MigratedFile> files;
    QStringList notes;  // one line each, with the line of the old file
};

// `text` is a bottle's markdown file, or bot-bottle.json: an object with "bottles" and "agents",
// each by name. `name` names a markdown file's bottle. Error `manifest_invalid` when it cannot be
// read at all.
Result<Migration> migrate(const QString& name, const QString& file, const std::string& text);

}  // namespace botbottle
