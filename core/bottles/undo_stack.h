// UndoStack: what a launch has done so far, and how to take it back.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace botbottle {

class UndoStack {
  public:
    using Undo = std::function<Result<void>()>;

    // `what` names the step for the note that a failed undo leaves.
    void add(std::string what, Undo undo) { steps_.push_back({std::move(what), std::move(undo)}); }

    // Takes everything back, last step first. A step that fails does not stop the others; what
    // failed is returned as notes, for it must not mask the error that led here.
    std::vector<std::string> unwind();

    // The launch succeeded: nothing is to be taken back.
    void commit() { steps_.clear(); }

  private:
    struct Step {
        std::string what;
        Undo undo;
    };
    std::vector<Step> steps_;
};

}  // namespace botbottle
