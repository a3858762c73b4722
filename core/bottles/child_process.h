// What every child of ours does between fork and exec. Async-signal-safe throughout.
#pragma once

#include <cstddef>

namespace botbottle {

struct ChildDescriptor {
    int from;  // in this process
    int to;    // in the child
};

// Puts each descriptor where it belongs and closes all others. At most 16; `from` may collide with
// another one's `to`.
bool place_descriptors(const ChildDescriptor* descriptors, std::size_t count) noexcept;

// Default dispositions and an empty mask: handlers and masks of ours mean nothing to a child.
void reset_signals() noexcept;

}  // namespace botbottle
