#include <gtest/gtest.h>

#include <vector>

#include "cli/in_parallel.h"

namespace botbottle::cli {
namespace {

TEST(InParallel, EachOnceWhateverTheirNumber) {
    for (const std::size_t count : {0U, 1U, 63U, 64U, 65U, 5000U}) {
        std::vector<int> done(count, 0);
        in_parallel(count, [&](std::size_t at) { ++done[at]; });
        EXPECT_EQ(done, std::vector<int>(count, 1)) << count;
    }
}

}  // namespace
}  // namespace botbottle::cli
