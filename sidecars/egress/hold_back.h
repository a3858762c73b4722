// HoldBack: the last bytes of a body, kept until it is known that no secret ends in what follows
// them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "scan/stream.h"

namespace botbottle::egress {

// Bytes that may go on, in this order; they stay until the next call.
struct Released {
    std::string_view first;
    std::string_view second;
};

class HoldBack {
  public:
    // All but the last bytes go on.
    Released take(std::string_view piece) {
        const std::size_t size = kept_.size() + piece.size();
        const std::size_t goes = size - std::min(size, scan::Stream::kTail);
        const std::size_t of_kept = std::min(goes, kept_.size());
        leaving_.assign(kept_, 0, of_kept);
        kept_.erase(0, of_kept);
        const std::string_view of_piece = piece.substr(0, goes - of_kept);
        kept_ += piece.substr(of_piece.size());
        return {leaving_, of_piece};
    }
    // All but the last `rest` bytes go on.
    Released release(std::size_t rest = 0) {
        const std::size_t goes = kept_.size() - std::min(kept_.size(), rest);
        leaving_.assign(kept_, 0, goes);
        kept_.erase(0, goes);
        return {leaving_, {}};
    }
    std::string_view kept() const noexcept { return kept_; }

  private:
    std::string kept_;
    std::string leaving_;
};

}  // namespace botbottle::egress
