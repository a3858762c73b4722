// How much a piece of code asked of the heap: a measure of work that is the same on a busy machine.
#pragma once

#include <cstddef>

namespace botbottle::test {

struct Work {
    std::size_t allocations = 0;
    std::size_t bytes = 0;
};

// Of this thread, since it began. Linear input handling asks for a bounded number of bytes for each
// byte of input; what copies or rescans its input for each piece of it does not.
Work work_so_far();

}  // namespace botbottle::test
