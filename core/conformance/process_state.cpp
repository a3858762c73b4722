#include "conformance/process_state.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QDir>
#include <QDirIterator>

namespace botbottle::conformance {
namespace {

int entries(const char* directory) {
    return static_cast<int>(QDir(QString::fromLatin1(directory))
                                .entryList(QDir::AllEntries | QDir::NoDotAndDotDot | QDir::System)
                                .size());
}

QStringList handlers() {
    QStringList list;
    for (int number = 1; number < SIGRTMIN; ++number) {
        struct sigaction action = {};
        if (sigaction(number, nullptr, &action) != 0) continue;
        list += QString::number(number) + u'=' +
                QString::number(reinterpret_cast<quintptr>(action.sa_handler), 16);
    }
    return list;
}

}  // namespace

ProcessState ProcessState::now() {
    ProcessState state;
    state.descriptors = entries("/proc/self/fd");
    state.threads = entries("/proc/self/task");
    for (char** variable = environ; *variable != nullptr; ++variable)
        state.environment += QString::fromLocal8Bit(*variable);
    state.environment.sort();
    state.working_directory = QDir::currentPath();
    state.file_mask = ::umask(0);
    ::umask(static_cast<mode_t>(state.file_mask));
    state.signal_handlers = handlers();
    QDirIterator walk(state.working_directory,
                      QDir::AllEntries | QDir::NoDotAndDotDot | QDir::Hidden,
                      QDirIterator::Subdirectories);
    while (walk.hasNext())
        state.files += walk.next();
    state.files.sort();
    return state;
}

QStringList ProcessState::changes(const ProcessState& later) const {
    QStringList found;
    const auto add = [&found](bool different, const QString& what) {
        if (different) found += what;
    };
    add(later.descriptors > descriptors,
        QStringLiteral("%1 descriptors stay open").arg(later.descriptors - descriptors));
    add(later.threads > threads, QStringLiteral("%1 threads go on").arg(later.threads - threads));
    add(later.environment != environment, QStringLiteral("the environment was changed"));
    add(later.working_directory != working_directory,
        QStringLiteral("the working directory was changed"));
    add(later.file_mask != file_mask, QStringLiteral("the umask was changed"));
    add(later.signal_handlers != signal_handlers, QStringLiteral("a signal handler was changed"));
    add(later.files != files, QStringLiteral("files were written outside of state_dir"));
    return found;
}

}  // namespace botbottle::conformance
