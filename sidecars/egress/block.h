// Blocks: the fixed pieces of memory that transfers use, lent by a worker's pool and given back
// when a connection idles, so that an idle connection holds none.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "egress/limits.h"

namespace botbottle::egress {

using Block = std::unique_ptr<char[]>;

// One per worker; not thread-safe.
class BlockPool {
  public:
    Block take() {
        if (spare_.empty()) return std::make_unique_for_overwrite<char[]>(kBlockSize);
        Block block = std::move(spare_.back());
        spare_.pop_back();
        return block;
    }
    void give_back(Block block) {
        if (block && spare_.size() < kSpareBlocks) spare_.push_back(std::move(block));
    }

  private:
    std::vector<Block> spare_;
};

// What was read from a connection and not consumed yet.
class InputBuffer {
  public:
    explicit InputBuffer(BlockPool& pool) : pool_(pool) {}
    InputBuffer(const InputBuffer&) = delete;
    InputBuffer& operator=(const InputBuffer&) = delete;
    ~InputBuffer() { pool_.give_back(std::move(block_)); }

    std::string_view unread() const { return {block_.get() + begin_, end_ - begin_}; }
    bool empty() const { return begin_ == end_; }
    bool full() const { return end_ - begin_ == kBlockSize; }
    void consume(std::size_t size) { begin_ += size; }

    // Where the next bytes go; empty when full(). Moves what is unread to the front: views into it
    // end here.
    std::span<char> room();
    void commit(std::size_t size) { end_ += size; }

    // Gives the memory back when nothing is unread.
    void rest();

  private:
    BlockPool& pool_;
    Block block_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

// Bytes on their way out, in as many blocks as it takes.
class OutputBuffer {
  public:
    explicit OutputBuffer(BlockPool& pool) : pool_(pool) {}
    OutputBuffer(const OutputBuffer&) = delete;
    OutputBuffer& operator=(const OutputBuffer&) = delete;
    ~OutputBuffer() { clear(); }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    void append(std::string_view bytes);
    // The first piece that is waiting.
    std::string_view front() const;
    void consume(std::size_t size);
    void clear();

  private:
    struct Piece {
        Block block;
        std::size_t begin = 0;
        std::size_t end = 0;
    };
    BlockPool& pool_;
    std::vector<Piece> pieces_;  // nearly always one
    std::size_t size_ = 0;
};

}  // namespace botbottle::egress
