// See block.h.
#include "egress/block.h"

#include <algorithm>
#include <cstring>

namespace botbottle::egress {

std::span<char> InputBuffer::room() {
    if (!block_) block_ = pool_.take();
    if (begin_ != 0) {
        std::memmove(block_.get(), block_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    return {block_.get() + end_, kBlockSize - end_};
}

void InputBuffer::rest() {
    if (!empty()) return;
    begin_ = end_ = 0;
    pool_.give_back(std::move(block_));
}

void OutputBuffer::append(std::string_view bytes) {
    size_ += bytes.size();
    while (!bytes.empty()) {
        if (pieces_.empty() || pieces_.back().end == kBlockSize)
            pieces_.push_back({pool_.take(), 0, 0});
        Piece& last = pieces_.back();
        const std::size_t taken = std::min(bytes.size(), kBlockSize - last.end);
        std::memcpy(last.block.get() + last.end, bytes.data(), taken);
        last.end += taken;
        bytes.remove_prefix(taken);
    }
}

std::string_view OutputBuffer::front() const {
    if (pieces_.empty()) return {};
    const Piece& first = pieces_.front();
    return {first.block.get() + first.begin, first.end - first.begin};
}

void OutputBuffer::consume(std::size_t size) {
    Piece& first = pieces_.front();
    first.begin += size;
    size_ -= size;
    if (first.begin != first.end) return;
    pool_.give_back(std::move(first.block));
    pieces_.erase(pieces_.begin());
}

void OutputBuffer::clear() {
    for (Piece& piece : pieces_)
        pool_.give_back(std::move(piece.block));
    pieces_.clear();
    size_ = 0;
}

}  // namespace botbottle::egress
