#include <gtest/gtest.h>

#include "bottles/undo_stack.h"

namespace botbottle {
namespace {

TEST(UndoStack, UnwindsInReverseAndGoesOnAfterAFailure) {
    std::string order;
    UndoStack stack;
    const auto step = [&](const char* name, bool fails) {
        stack.add(name, [&order, name, fails]() -> Result<void> {
            order += name;
            if (fails) return failure("stuck", "it is stuck");
            return {};
        });
    };
    step("a", false);
    step("b", true);
    step("c", false);
    const auto notes = stack.unwind();
    EXPECT_EQ(order, "cba");
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_EQ(notes[0], "undoing \"b\" failed: it is stuck");
}

TEST(UndoStack, UndoesNothingTwiceAndNothingAfterACommit) {
    int undone = 0;
    UndoStack stack;
    stack.add("step", [&undone]() -> Result<void> {
        ++undone;
        return {};
    });
    stack.unwind();
    stack.unwind();
    EXPECT_EQ(undone, 1);
    stack.add("step", [&undone]() -> Result<void> {
        ++undone;
        return {};
    });
    stack.commit();
    stack.unwind();
    EXPECT_EQ(undone, 1);
}

}  // namespace
}  // namespace botbottle
