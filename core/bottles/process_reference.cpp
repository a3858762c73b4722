#include "bottles/process_reference.h"

#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>

#include "files/atomic_file.h"

namespace botbottle {
namespace {

struct Stat {
    char state = 'X';
    qint64 start_time = 0;
};

// The second field is the program's name in parentheses and may hold anything: count from the last
// ")".
bool read_stat(qint64 pid, Stat& stat) {
    const auto text = files::read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
    if (!text) return false;
    const auto name_end = text->rfind(')');
    if (name_end == std::string::npos) return false;
    std::istringstream fields(text->substr(name_end + 1));
    std::string field;
    fields >> stat.state;
    for (int number = 4; number <= 21; ++number)
        fields >> field;
    fields >> stat.start_time;
    return !fields.fail();
}

}  // namespace

ProcessReference ProcessReference::of(qint64 pid) {
    Stat stat;
    if (pid <= 0 || !read_stat(pid, stat)) return {};
    return {pid, stat.start_time};
}

ProcessReference ProcessReference::from_json(const QJsonObject& object) {
    return {object.value(QLatin1String("pid")).toInteger(),
            object.value(QLatin1String("start_time")).toInteger()};
}

QJsonObject ProcessReference::to_json() const {
    return {{QStringLiteral("pid"), pid}, {QStringLiteral("start_time"), start_time}};
}

bool ProcessReference::alive() const {
    Stat stat;
    return pid > 0 && read_stat(pid, stat) && stat.start_time == start_time && stat.state != 'Z' &&
           stat.state != 'X';
}

}  // namespace botbottle
