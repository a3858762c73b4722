// What of a process a plugin must leave as it was.
#pragma once

#include <QStringList>

namespace botbottle::conformance {

struct ProcessState {
    static ProcessState now();

    // What is different in `later`, in words; empty when nothing is.
    QStringList changes(const ProcessState& later) const;

    int descriptors = 0;
    int threads = 0;
    QStringList environment;
    QString working_directory;
    unsigned file_mask = 0;
    QStringList signal_handlers;
    QStringList files;  // below the working directory
};

}  // namespace botbottle::conformance
