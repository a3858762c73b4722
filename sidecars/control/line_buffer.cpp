// Bytes in, lines out.
#include "control/line_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/secret.h"

namespace botbottle::control {
namespace {
constexpr std::size_t kReadSize = 16 * 1024;
}

LineBuffer::~LineBuffer() {
    wipe_memory(bytes_.data(), bytes_.size());
}

std::span<char> LineBuffer::prepare() {
    wipe_consumed();
    if (begin_ == end_) {
        begin_ = searched_ = end_ = 0;
        // A rare large line must not stay as resident memory for the rest of the process's life.
        if (bytes_.size() > 4 * kReadSize) move_to(std::vector<char>(kReadSize));
    }
    if (bytes_.size() - end_ < kReadSize) {
        const std::size_t pending = end_ - begin_;
        move_to(std::vector<char>(std::max(2 * pending, pending + kReadSize)));
    }
    return {bytes_.data() + end_, bytes_.size() - end_};
}

std::optional<std::string_view> LineBuffer::next() {
    wipe_consumed();
    const char* const from = bytes_.data() + searched_;
    const void* const newline =
        end_ == searched_ ? nullptr : std::memchr(from, '\n', end_ - searched_);
    if (newline == nullptr) {
        searched_ = end_;
        overflowed_ = end_ - begin_ > max_line_;
        return std::nullopt;
    }
    const std::size_t at =
        searched_ + static_cast<std::size_t>(static_cast<const char*>(newline) - from);
    const std::size_t length = at - begin_;
    if (length > max_line_) {
        overflowed_ = true;
        return std::nullopt;
    }
    handed_out_ = length + 1;
    return std::string_view(bytes_.data() + begin_, length);
}

void LineBuffer::wipe_consumed() {
    if (handed_out_ == 0) return;
    wipe_memory(bytes_.data() + begin_, handed_out_);
    begin_ += std::exchange(handed_out_, 0);
    searched_ = begin_;
}

void LineBuffer::move_to(std::vector<char> target) {
    if (end_ > begin_) std::memcpy(target.data(), bytes_.data() + begin_, end_ - begin_);
    wipe_memory(bytes_.data(), bytes_.size());
    bytes_ = std::move(target);
    searched_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
}

}  // namespace botbottle::control
