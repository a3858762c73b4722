#include "relay/replay.h"

#include <algorithm>
#include <cstring>

namespace botbottle::relay {

void Replay::append(std::string_view output) {
    if (output.size() > ring_.size()) output.remove_prefix(output.size() - ring_.size());
    const std::size_t first = std::min(output.size(), ring_.size() - next_);
    std::memcpy(ring_.data() + next_, output.data(), first);
    std::memcpy(ring_.data(), output.data() + first, output.size() - first);
    next_ = (next_ + output.size()) % ring_.size();
    filled_ = std::min(ring_.size(), filled_ + output.size());
}

std::string Replay::text() const {
    if (filled_ < ring_.size()) return std::string(ring_.data(), filled_);
    return std::string(ring_.data() + next_, ring_.size() - next_).append(ring_.data(), next_);
}

}  // namespace botbottle::relay
