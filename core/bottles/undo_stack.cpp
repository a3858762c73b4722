#include "bottles/undo_stack.h"

#include <utility>

namespace botbottle {

std::vector<std::string> UndoStack::unwind() {
    std::vector<std::string> notes;
    auto steps = std::exchange(steps_, {});
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        if (auto undone = step->undo(); !undone)
            notes.push_back("undoing \"" + step->what + "\" failed: " + undone.error().message);
    }
    return notes;
}

}  // namespace botbottle
