// The chain of one plane: the number of its last line and that line's digest.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/error.h"

struct evp_md_ctx_st;
struct evp_md_st;

namespace botbottle::audit {

using HexDigest = std::array<char, 64>;

// What the first line of a plane names as its predecessor.
inline constexpr std::string_view kGenesis =
    "0000000000000000000000000000000000000000000000000000000000000000";

class Chain {
  public:
    Chain();

    std::uint64_t next_sequence() const noexcept { return sequence_ + 1; }
    std::string_view previous() const noexcept { return {previous_.data(), previous_.size()}; }

    // `line` was given next_sequence() and previous(), and is without its newline.
    void advance(std::string_view line);

    // Continues after `line`, whose number is `sequence`.
    void resume(std::uint64_t sequence, std::string_view line);

  private:
    struct FreeContext {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    struct FreeDigest {
        void operator()(evp_md_st* digest) const noexcept;
    };

    std::uint64_t sequence_ = 0;
    HexDigest previous_;
    // Fetched once, since a fetch costs more than a hash; and late, since it gets OpenSSL ready,
    // which the start of a program need not wait for.
    std::unique_ptr<evp_md_st, FreeDigest> digest_;
    std::unique_ptr<evp_md_ctx_st, FreeContext> context_;
};

// Where a chain stands in a file that several planes share.
struct Tail {
    Chain chain;
    bool torn = false;  // the file ends in the middle of a line: a writer was killed
};

// Reads the file behind `fd` from its end. A file that cannot be read back (a pipe, a device) has
// no tail: the chain begins there. A regular file that cannot be read is an error.
Result<Tail> read_tail(int fd, std::string_view plane);

}  // namespace botbottle::audit
