#include "dashboard/watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <QDir>
#include <QFileInfo>

namespace botbottle::dashboard {
namespace {

constexpr uint32_t kNames = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR;
const QString kRecordEnd = QStringLiteral(".jsonl");

}  // namespace

Watch::Watch(const Home& home)
    : inotify_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      states_(home.state_root()),
      queues_(home.queue_root()) {
    add(states_, What::States);
    add(queues_, What::Queues);
    add(QFileInfo(home.audit_file(QStringLiteral("x"))).path(), What::Records);
    add(home.path() + QStringLiteral("/agents"), What::Manifests);
    add(home.path() + QStringLiteral("/bottles"), What::Manifests);
    add_below(states_, What::State);
    add_below(queues_, What::Queue);
}

void Watch::add(const QString& path, What what) {
    uint32_t mask = kNames;
    if (what == What::Records) mask |= IN_MODIFY;
    if (what == What::Manifests) mask |= IN_CLOSE_WRITE;
    const int descriptor = inotify_add_watch(inotify_.get(), path.toLocal8Bit().constData(), mask);
    if (descriptor >= 0) watched_.insert(descriptor, what);
}

void Watch::add_below(const QString& path, What what) {
    for (const QString& name : QDir(path).entryList(QDir::Dirs | QDir::NoDotAndDotDot))
        add(path + QLatin1Char('/') + name, what);
}

Changes Watch::take() {
    Changes changes;
    alignas(struct inotify_event) char buffer[16384];
    for (;;) {
        const ssize_t size = read(inotify_.get(), buffer, sizeof buffer);
        if (size <= 0) return changes;
        for (ssize_t at = 0; at < size;) {
            const auto* event = reinterpret_cast<const struct inotify_event*>(buffer + at);
            at += static_cast<ssize_t>(sizeof(struct inotify_event)) + event->len;
            if ((event->mask & IN_Q_OVERFLOW) != 0) {  // too much at once: look at everything
                changes.bottles = changes.proposals = changes.manifests = true;
                continue;
            }
            const auto watched = watched_.constFind(event->wd);
            if (watched == watched_.constEnd()) continue;
            const What what = *watched;
            if ((event->mask & IN_IGNORED) != 0) {
                watched_.remove(event->wd);
                continue;
            }
            const QString name = event->len > 0 ? QString::fromLocal8Bit(event->name) : QString();
            const bool new_folder =
                (event->mask & IN_ISDIR) != 0 && (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
            switch (what) {
                case What::States:
                    if (new_folder) add(states_ + QLatin1Char('/') + name, What::State);
                    changes.bottles = true;
                    break;
                case What::State:
                    changes.bottles |= name == QLatin1String("metadata.json");
                    break;
                case What::Queues:
                    if (new_folder) add(queues_ + QLatin1Char('/') + name, What::Queue);
                    changes.proposals = true;
                    break;
                case What::Queue:
                    changes.proposals |= name.startsWith(QLatin1String("p-"));
                    break;
                case What::Records:
                    if (name.endsWith(kRecordEnd))
                        changes.records += name.chopped(kRecordEnd.size());
                    break;
                case What::Manifests:
                    changes.manifests = true;
                    break;
            }
        }
    }
}

}  // namespace botbottle::dashboard
