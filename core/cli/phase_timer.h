// Times the phases of a command and reports them with debug messages.
#pragma once

#include <QElapsedTimer>
#include <QString>

#include "cli/messages.h"

namespace botbottle::cli {

class PhaseTimer {
  public:
    PhaseTimer() { timer_.start(); }

    // Reports the time since the last call, or since the start, under this name.
    void done(const char* phase) {
        report_phase(QLatin1String(phase), static_cast<double>(timer_.nsecsElapsed()) / 1e6);
        timer_.start();
    }

    // For a stretch whose parts report themselves.
    void skip() { timer_.start(); }

  private:
    QElapsedTimer timer_;
};

}  // namespace botbottle::cli
