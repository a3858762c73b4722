#include "bottles/records.h"

#include <sys/stat.h>
#include <unistd.h>

#include "files/atomic_file.h"

namespace botbottle {

void remove_empty_log(const Home& home, const QString& identity) {
    const std::string path = home.log_file(identity).toStdString();
    struct stat status = {};
    if (lstat(path.c_str(), &status) == 0 && status.st_size == 0) unlink(path.c_str());
}

void remove_idle_record(const Home& home, const QString& identity) {
    const std::string path = home.audit_file(identity).toStdString();
    const auto record = files::read_file(path);
    if (record && record->find("\"event\":\"decision\"") == std::string::npos) unlink(path.c_str());
}

}  // namespace botbottle
