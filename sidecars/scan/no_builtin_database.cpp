// For builds without vectorscan and for other machines than the one that builds: the patterns are
// compiled when they are loaded.
#include "scan/rules.h"

namespace botbottle::scan {

std::string_view builtin_database() {
    return {};
}

}  // namespace botbottle::scan
