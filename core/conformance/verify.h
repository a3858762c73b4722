// The conformance kit, from a file to a report.
#pragma once

#include "conformance/finding.h"

namespace botbottle::conformance {

struct Report {
    QString path;
    Findings findings;

    bool passed() const;
};

// Must be called while this process has one thread: the checks run in children.
Report verify_plugin(const QString& path);

}  // namespace botbottle::conformance
