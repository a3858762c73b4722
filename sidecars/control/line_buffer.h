// LineBuffer: bytes in, lines out, with a cap, and no byte left in memory once it was consumed (a
// line may carry a secret). No I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace botbottle::control {

constexpr std::size_t kMaxLine = std::size_t{8} << 20;

class LineBuffer {
  public:
    explicit LineBuffer(std::size_t max_line = kMaxLine) : max_line_(max_line) {}
    LineBuffer(const LineBuffer&) = delete;
    LineBuffer& operator=(const LineBuffer&) = delete;
    ~LineBuffer();

    // Room for the next read; commit() says how much of it was filled.
    std::span<char> prepare();
    void commit(std::size_t size) { end_ += size; }

    // The next whole line without its '\n', or nothing while more bytes are needed. The view holds
    // until the next call of any member; then its bytes are wiped.
    std::optional<std::string_view> next();

    // True when the line under way is longer than the cap: there is no way to go on.
    bool overflowed() const { return overflowed_; }

  private:
    void wipe_consumed();
    void move_to(std::vector<char> target);

    std::size_t max_line_;
    std::vector<char> bytes_;
    std::size_t begin_ = 0;     // of what is not consumed
    std::size_t searched_ = 0;  // no '\n' in [begin_, searched_)
    std::size_t end_ = 0;
    std::size_t handed_out_ = 0;  // length of the line that next() last returned, with its '\n'
    bool overflowed_ = false;
};

}  // namespace botbottle::control
