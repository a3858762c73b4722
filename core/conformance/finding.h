// What one check found.
#pragma once

#include <QList>
#include <QString>

namespace botbottle::conformance {

enum class Level { Passed, Warning, Failed };

struct Finding {
    QString check;
    Level level = Level::Passed;
    QString message;
};

using Findings = QList<Finding>;

}  // namespace botbottle::conformance
