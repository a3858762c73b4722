// ProcessReference: one process for ever, although the kernel gives its pid to another one later.
#pragma once

#include <QJsonObject>
#include <QtGlobal>

namespace botbottle {

struct ProcessReference {
    qint64 pid = 0;         // 0: none
    qint64 start_time = 0;  // clock ticks since boot, field 22 of /proc/PID/stat

    // The process of this pid now. {} when there is none.
    static ProcessReference of(qint64 pid);

    static ProcessReference from_json(const QJsonObject& object);
    QJsonObject to_json() const;

    // Whether that very process still runs; a zombie does not.
    bool alive() const;
};

}  // namespace botbottle
