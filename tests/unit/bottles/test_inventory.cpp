#include <gtest/gtest.h>

#include "bottles/inventory.h"

namespace botbottle {
namespace {

struct Row {
    BottlePhase phase;
    bool launcher, inside, warden;
    const char* described;
};

const Row kRows[] = {
    {BottlePhase::Launching, true, false, false, "launching"},
    {BottlePhase::Launching, true, true, true, "launching"},
    {BottlePhase::Launching, false, false, false, "launching (interrupted)"},
    {BottlePhase::Launching, false, true, true, "launching (interrupted)"},
    {BottlePhase::Running, true, true, true, "running"},
    {BottlePhase::Running, false, true, true, "running"},
    {BottlePhase::Running, true, true, false, "closed: warden gone"},
    {BottlePhase::Running, true, false, true, "dead"},
    {BottlePhase::Running, false, false, false, "dead"},
    {BottlePhase::Preserved, false, false, false, "preserved"},
    // Pids of a preserved bottle mean nothing any more.
    {BottlePhase::Preserved, true, true, true, "preserved"},
};

TEST(Inventory, JudgesByWhatIsThereNow) {
    for (const Row& row : kRows)
        EXPECT_EQ(describe(judge({row.phase, row.launcher, row.inside, row.warden})).toStdString(),
                  row.described)
            << to_string(row.phase).toStdString() << ' ' << row.launcher << row.inside
            << row.warden;
}

}  // namespace
}  // namespace botbottle
