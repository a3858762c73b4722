// Watch: tells that something changed in the operator's home, without looking at it again and
// again.
#pragma once

#include <QHash>
#include <QSet>
#include <QString>

#include "bottles/home.h"
#include "files/unique_fd.h"

namespace botbottle::dashboard {

struct Changes {
    bool bottles = false;  // one began, ended, or is another now
    bool proposals = false;
    bool manifests = false;
    QSet<QString> records;  // of these bottles

    bool any() const { return bottles || proposals || manifests || !records.isEmpty(); }
};

class Watch {
  public:
    explicit Watch(const Home& home);

    // Readable when there are changes; -1: the kernel gives none, and only the clock helps.
    int fd() const { return inotify_.get(); }

    // What changed since the last call. Folders that are new are watched from here on.
    Changes take();

  private:
    enum class What { States, State, Queues, Queue, Records, Manifests };
    void add(const QString& path, What what);
    void add_below(const QString& path, What what);

    UniqueFd inotify_;
    QString states_;
    QString queues_;
    QHash<int, What> watched_;
};

}  // namespace botbottle::dashboard
