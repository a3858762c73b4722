// See body_scan.h.
#include "egress/body_scan.h"

#include <algorithm>

namespace botbottle::egress {

namespace {

using scan::Compression;
using scan::ContentDecoder;

// RFC 9110 8.4.1.
std::optional<Compression> compression_of(std::string_view coding) {
    const auto is = [&](std::string_view name) { return http::equal_ignoring_case(coding, name); };
    if (is("gzip") || is("x-gzip")) return Compression::kGzip;
    if (is("deflate")) return Compression::kDeflate;
    if (is("br")) return Compression::kBrotli;
    if (is("zstd")) return Compression::kZstd;
    return std::nullopt;
}

// What is inside an envelope that its stream cannot look into by itself.
bool is_opaque_envelope(const http::HeaderField& field) {
    const bool names_one = http::equal_ignoring_case(field.name, "grpc-encoding") ||
                           http::equal_ignoring_case(field.name, "connect-content-encoding");
    return names_one && !http::equal_ignoring_case(field.value, "identity") &&
           !http::equal_ignoring_case(field.value, "gzip") &&
           !http::equal_ignoring_case(field.value, "zstd");
}

bool has_envelopes(std::string_view type) {
    for (const std::string_view prefix : {"application/grpc", "application/connect+"})
        if (http::equal_ignoring_case(type.substr(0, prefix.size()), prefix)) return true;
    return false;
}

constexpr std::size_t kEnvelopeHead = 5;
constexpr std::string_view kBody = "the request's body";
constexpr std::string_view kDecodedBody = "the request's decoded body";
// Encodings in each other.
constexpr std::size_t kMostLayers = 3;

}  // namespace

BodyScan::BodyScan(ScannerPool& pool, const ScanTables& tables, const http::HeaderFields& fields,
                   bool length_known, bool holds)
    : pool_(pool), tables_(tables), holds_(holds), raw_(pool, tables) {
    if (!length_known) {
        const http::HeaderField* type = http::find(fields, http::HeaderId::kContentType);
        parts_ = type != nullptr && has_envelopes(type->value) ? Parts::kEnvelopes : Parts::kLines;
    }
    read_encodings(fields);
}

void BodyScan::read_encodings(const http::HeaderFields& fields) {
    for (const http::HeaderField& field : fields) {
        if (is_opaque_envelope(field))
            caught_ = cannot_decode("the messages have an encoding that cannot be decoded");
        if (field.id != http::HeaderId::kContentEncoding) continue;
        http::for_each_list_member(field.value, [&](std::string_view coding) {
            if (http::equal_ignoring_case(coding, "identity")) return;
            const auto compression = compression_of(coding);
            if (!compression || decoders_.size() == kMostLayers) {
                caught_ = cannot_decode("the body has an encoding that cannot be decoded");
                return;
            }
            auto decoder = ContentDecoder::create(*compression);
            if (decoder)
                decoders_.insert(decoders_.begin(), std::move(decoder));
            else
                caught_ = Caught{"scan-engine", "the scanner has no memory", kSendItPlain};
        });
    }
    if (!decoders_.empty()) decoded_ = std::make_unique<LentScanner>(pool_, tables_);
}

std::size_t BodyScan::longest_piece() const noexcept {
    constexpr std::size_t kCompressed = 1024;
    return decoders_.empty() ? std::string_view::npos : kCompressed;
}

std::optional<Released> BodyScan::feed(std::string_view piece) {
    if (caught_) return std::nullopt;
    size_ += piece.size();
    work_ += piece.size();
    if (!raw_->feed(piece)) catch_findings(*raw_, kBody);
    if (!decoders_.empty()) feed_decoded(0, piece);
    return feed_again(piece);
}

std::optional<Released> BodyScan::feed_again(std::string_view piece) {
    if (!catch_more()) return std::nullopt;
    if (parts_ == Parts::kEnvelopes) follow_envelopes(piece);
    return hold_back_.take(piece);
}

// False: caught, and nothing more is to be decoded.
bool BodyScan::feed_decoded(std::size_t layer, std::string_view piece) {
    if (layer == decoders_.size()) {
        work_ += piece.size();
        return (*decoded_)->feed(piece) || catch_findings(**decoded_, kDecodedBody) || holds_;
    }
    const ContentDecoder::Status status = decoders_[layer]->feed(
        piece, [&](std::string_view decoded) { return feed_decoded(layer + 1, decoded); });
    if (caught_ && !holds_) return false;
    if (status == ContentDecoder::Status::kBroken)
        caught_ = cannot_decode("the body is not what its Content-Encoding says");
    if (status == ContentDecoder::Status::kExhausted)
        caught_ = Caught{"scan-budget", "the request's body becomes too large when it is decoded",
                         kSendItPlain};
    return !caught_ || holds_;
}

std::optional<Released> BodyScan::finish(const http::HeaderFields& trailers) {
    if (caught_) return std::nullopt;
    for (const auto& decoder : decoders_)
        if (size_ > 0 && !decoder->whole()) {
            caught_ = cannot_decode("the body does not end where its Content-Encoding does");
            return std::nullopt;
        }
    if (decoded_ && !(*decoded_)->finish()) catch_findings(**decoded_, kDecodedBody);
    for (const http::HeaderField& field : trailers) {
        raw_->feed("\n");
        raw_->feed(field.name);
        raw_->feed("\n");
        raw_->feed(field.value);
    }
    if (!raw_->finish()) catch_findings(*raw_, kBody);
    return finish_again();
}

std::optional<Released> BodyScan::finish_again() {
    if (!catch_more()) return std::nullopt;
    return hold_back_.release();
}

void BodyScan::let_through() {
    if (caught_place_) let_through_.push_back(*std::move(caught_place_));
    caught_place_.reset();
    caught_.reset();
}

// One that overlaps is the same find: it may have grown since, or be seen through another view.
bool BodyScan::is_let_through(const Place& place) const {
    return std::any_of(let_through_.begin(), let_through_.end(), [&](const Place& each) {
        return each.rule == place.rule && each.decoded == place.decoded && place.begin < each.end &&
               each.begin < place.end;
    });
}

bool BodyScan::catch_more() {
    return catch_findings(*raw_, kBody) && (!decoded_ || catch_findings(**decoded_, kDecodedBody));
}

Released BodyScan::wait() {
    if (caught_ || parts_ == Parts::kNone || !decoders_.empty() || raw_->may_be_cut()) return {};
    return hold_back_.release(unfinished());
}

// How much of what is kept belongs to a part that is not whole.
std::size_t BodyScan::unfinished() const {
    if (parts_ == Parts::kEnvelopes) return static_cast<std::size_t>(size_ - envelope_end_);
    const std::size_t line_end = hold_back_.kept().rfind('\n');
    return line_end == std::string_view::npos ? hold_back_.kept().size()
                                              : hold_back_.kept().size() - line_end - 1;
}

// A flag and a length of four bytes before each message.
void BodyScan::follow_envelopes(std::string_view piece) {
    std::uint64_t at = size_ - piece.size();
    while (at < size_) {
        if (at < envelope_next_) {
            at = std::min(size_, envelope_next_);
        } else {
            envelope_head_ += piece[piece.size() - static_cast<std::size_t>(size_ - at)];
            ++at;
            if (envelope_head_.size() < kEnvelopeHead) continue;
            std::uint64_t length = 0;
            for (std::size_t byte = 1; byte < kEnvelopeHead; ++byte)
                length = length << 8U | static_cast<unsigned char>(envelope_head_[byte]);
            envelope_head_.clear();
            envelope_next_ = at + length;
        }
        if (at == envelope_next_ && envelope_head_.empty()) envelope_end_ = at;
    }
}

bool BodyScan::catch_findings(scan::Stream& stream, std::string_view place) {
    if (caught_) return false;
    const auto& findings = stream.findings();
    const auto place_of = [&](const scan::Finding& each) {
        // Where it was decoded from very little, its length may be 0.
        return Place{each.rule, &stream != &*raw_, each.offset,
                     each.offset + std::max<std::uint64_t>(each.length, 1)};
    };
    const auto found = std::find_if(findings.begin(), findings.end(), [&](const auto& each) {
        return !is_let_through(place_of(each));
    });
    if (found == findings.end() && findings.size() < scan::Stream::kMostFindings) return true;
    if (found == findings.end()) {
        caught_ = Caught{"scan-budget", std::string(place) + " holds more than can be listed",
                         kSendItPlain};
        return false;
    }
    const scan::Finding& finding = *found;
    caught_place_ = place_of(finding);
    const bool in_trailers = &stream == &*raw_ && finding.offset >= size_;
    caught_ = in_trailers ? caught_at(finding, "a trailer of the request", std::nullopt)
                          : caught_at(finding, place, finding.offset);
    return false;
}

}  // namespace botbottle::egress
