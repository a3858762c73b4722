// The demonstration's steps: what the agent tries, and what must be true afterwards for it to
// count.
#pragma once

#include <QJsonObject>
#include <QList>
#include <QString>
#include <QStringList>
#include <functional>

#include "base/error.h"

namespace botbottle::cli {

// What one step has shown.
struct DemoEvidence {
    int exit_code = -1;
    QString output;               // the agent's, both streams
    QList<QJsonObject> requests;  // what reached the upstream
    QString token;                // the real credential
};

struct DemoStep {
    QString title;
    QString command;  // for sh -c, in the bottle
    bool show_output = true;
    // What was proved, or an error that says what was seen instead.
    std::function<Result<QString>(const DemoEvidence&)> judge;
};

QList<DemoStep> demo_script();

}  // namespace botbottle::cli
