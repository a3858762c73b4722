// BodyScan: the body of one request on its way through the scanner. Its pieces go on as they came,
// in the encoding in which they came; what is scanned is that, and what it decodes to.
//
// Kept back are the last bytes: nothing of what a finding ends in has left when it is found. A body
// whose length was told is of no use to its origin before it is whole, so that they are kept to its
// end. Where none was told, the sender may wait for an answer to a part: then whole parts go on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "egress/caught.h"
#include "egress/hold_back.h"
#include "egress/scanner_pool.h"
#include "http/header.h"
#include "scan/content_decoder.h"

namespace botbottle::egress {

class BodyScan {
  public:
    // `fields` are the request's; not kept.
    BodyScan(ScannerPool& pool, const ScanTables& tables, const http::HeaderFields& fields,
             bool length_known, bool holds = false);

    // What may go on, or nothing, and then caught() says why. With `holds` what comes besides, in
    // the same piece, was looked at too.
    std::optional<Released> feed(std::string_view piece);
    std::optional<Released> finish(const http::HeaderFields& trailers);
    // What was caught may go on: there, and nowhere else in this body.
    void let_through();
    // The same piece, or the end, once more; it is not scanned again.
    std::optional<Released> feed_again(std::string_view piece);
    std::optional<Released> finish_again();
    // The sender waits.
    Released wait();

    const std::optional<Caught>& caught() const noexcept { return caught_; }

    // A piece may be this long, so that a turn of the event loop is not spent on what it becomes.
    std::size_t longest_piece() const noexcept;
    // Bytes that were scanned since this was asked for last.
    std::uint64_t take_work() noexcept { return std::exchange(work_, 0); }

  private:
    enum class Parts : std::uint8_t {
        kNone,       // until the end
        kLines,      //
        kEnvelopes,  // gRPC's messages
    };

    void read_encodings(const http::HeaderFields& fields);
    bool feed_decoded(std::size_t layer, std::string_view piece);
    bool catch_findings(scan::Stream& stream, std::string_view place);
    bool catch_more();
    // Where something was found: in the body as it came, or decoded.
    struct Place {
        std::string rule;
        bool decoded = false;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
    };
    bool is_let_through(const Place& place) const;
    void follow_envelopes(std::string_view piece);
    std::size_t unfinished() const;

    ScannerPool& pool_;
    const ScanTables& tables_;
    const bool holds_;
    std::vector<Place> let_through_;
    std::optional<Place> caught_place_;  // of `caught_`
    LentScanner raw_;
    std::unique_ptr<LentScanner> decoded_;
    // The last encoding that was put on, first.
    std::vector<std::unique_ptr<scan::ContentDecoder>> decoders_;
    HoldBack hold_back_;
    Parts parts_ = Parts::kNone;
    std::uint64_t size_ = 0;
    std::uint64_t envelope_end_ = 0;  // of the last one that is whole
    std::uint64_t envelope_next_ = 0;
    std::string envelope_head_;
    std::uint64_t work_ = 0;
    std::optional<Caught> caught_;
};

}  // namespace botbottle::egress
