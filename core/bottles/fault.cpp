#include "bottles/fault.h"

#include <csignal>
#include <cstdlib>

namespace botbottle {

void fault_point(std::string_view point) {
    static const char* const wanted = std::getenv("BOTBOTTLE_FAULT");
    if (wanted != nullptr && point == wanted) std::raise(SIGKILL);
}

}  // namespace botbottle
