// Stream: bytes in pieces, and what must not leave in them.
//
// Each piece is judged, with the last kTail bytes before it, when it comes: raw, with its escapes
// undone, with look-alikes folded, with values joined, and with every run of an encoding decoded,
// all this again inside what was decoded, kDepth deep. Compressed bytes are decoded as they come.
// Memory does not grow with the stream, and work is linear in it, within a budget: a text on which
// the budget runs out is a finding of its own ("scan-budget").
//
// Who forwards the bytes keeps back the last kTail of them until the end, so that no secret has
// left when it is found. Not thread-safe; Rules and OwnValues may be shared.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scan/content_decoder.h"
#include "scan/own_values.h"
#include "scan/rules.h"
#include "scan/text.h"

namespace botbottle::scan {

// What was found and where; never the value.
struct Finding {
    std::string rule;  // "github-token"; "own-secret", "canary"; "scan-budget", "scan-engine"
    std::string what;  // for people: "a GitHub token"
    std::string seen_through;  // "" as it stands, or "escapes", "base64 or hex", "gzip", …
    std::uint64_t offset = 0;  // in the stream; of the encoded text where it was decoded
    std::uint64_t length = 0;
    bool operator==(const Finding&) const = default;
};

class Stream {
  public:
    // A match, with its encoding, may be so long to be found across pieces.
    static constexpr std::size_t kTail = 2048;
    // More findings than this are not listed.
    static constexpr std::size_t kMostFindings = 100;

    // `own` may be null.
    Stream(std::shared_ptr<const Rules> rules, std::shared_ptr<const OwnValues> own);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // As it was made: for another text, in the memory that it has.
    void reset();
    const std::shared_ptr<const Rules>& rules() const noexcept { return rules_; }
    const std::shared_ptr<const OwnValues>& own() const noexcept { return own_; }

    // False when something was found, in this piece or before; `findings` has all of it.
    bool feed(std::string_view piece);
    // The end: a match that needs to know what follows is one now.
    bool finish();

    const std::vector<Finding>& findings() const noexcept { return findings_; }
    std::uint64_t size() const noexcept { return size_; }
    // There are parts in which nothing can be seen: encrypted ones, and unknown archives.
    bool opaque() const noexcept { return opaque_; }

    // The last bytes may be the beginning of a secret, in whatever spelling, so that they should be
    // kept back even while the sender waits.
    bool may_be_cut() const;

  private:
    static constexpr std::size_t kDepth = 4;
    struct Embedded;
    struct View;
    // Buffers of one depth, kept to save allocations.
    struct Level {
        std::string unescaped, unescaped_again, folded, skeleton, joined, unescaped_values,
            inflated;
        Decoded written, binary;

        std::size_t capacity() const {
            return unescaped.capacity() + unescaped_again.capacity() + folded.capacity() +
                   skeleton.capacity() + joined.capacity() + unescaped_values.capacity() +
                   inflated.capacity() + written.text.capacity() + binary.text.capacity();
        }
    };

    Stream(std::shared_ptr<const Rules> rules, std::shared_ptr<const OwnValues> own,
           std::size_t nesting);
    void feed_window(std::string_view piece);
    void scan(const View& view, std::size_t depth);
    void scan_decoded(const View& view, std::size_t depth);
    void match_rules(const View& view, bool strict);
    void match_placed(const View& view);
    void validate(const View& view, bool strict);
    void match_expressions(const View& view);
    void match_own(const View& view);
    void match_skeleton(const View& view, std::string& skeleton);
    void find_embedded(std::string_view piece);
    void follow(std::size_t at, Compression compression, std::size_t skipped);
    void look_at_zip(std::size_t at);
    bool advance(Embedded& part, std::string_view piece);
    std::unique_ptr<Stream> nested();
    void scan_binary(const View& view, std::size_t depth);
    void inflate(const View& view, std::size_t depth);
    bool spend(std::size_t size);
    void fail(std::string_view rule, std::string_view what);
    void report(const Rule& rule, const View& view, std::size_t begin, std::size_t end);
    void add(Finding finding);

    // What all compressed parts of the outermost stream come to.
    struct Account {
        std::uint64_t size = 0;
        std::uint64_t decoded = 0;
        std::uint64_t parts = 0;
        bool exhausted() const;
    };

    const std::shared_ptr<const Rules> rules_;
    const std::shared_ptr<const OwnValues> own_;
    const std::size_t nesting_;
    const std::unique_ptr<Search> search_;
    const std::unique_ptr<Search> own_search_;
    const std::unique_ptr<Search> skeleton_search_;

    std::string window_;      // the tail, and the piece that is judged
    std::size_t judged_ = 0;  // so much of the window was judged before
    std::uint64_t base_ = 0;  // the stream's offset of window_[0]
    std::uint64_t size_ = 0;
    std::size_t budget_ = 0;
    std::array<Level, kDepth + 2> levels_;  // what is compressed in the last is looked at, too
    std::vector<Candidate> candidates_;
    std::vector<std::size_t> places_;  // where compressed bytes may begin
    std::vector<std::unique_ptr<Embedded>> embedded_;
    std::unique_ptr<Stream> spare_;  // one that has come to its end
    Account outermost_;
    Account* account_ = &outermost_;
    bool opaque_ = false;
    std::vector<Finding> findings_;
};

}  // namespace botbottle::scan
