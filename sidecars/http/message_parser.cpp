// MessageParser: one head, one body, the trailers; the same for both directions.
#include <algorithm>

#include "http/parser.h"

namespace botbottle::http {

MessageParser::MessageParser(const Limits& limits, Direction direction)
    : limits_(limits),
      section_({limits.start_line, limits.head, limits.fields}),
      direction_(direction),
      chunked_(limits.chunked) {}

void MessageParser::begin_head() noexcept {
    stage_ = Stage::kHead;
    error_ = {};
    received_ = 0;
    start_line_at_ = nullptr;
    section_.reset();
    trailers_.clear();
}

bool MessageParser::refuse(int status, std::string_view rule, std::string_view reason) noexcept {
    // The client is not to blame for what the origin sent.
    error_ = {direction_ == Direction::kResponse ? 502 : status, rule, reason};
    return false;
}

Event MessageParser::failed() noexcept {
    stage_ = Stage::kFailed;
    return {EventKind::kError, 0, {}};
}

bool MessageParser::next_head(std::string_view buffer, HeaderFields& fields, Event& event) {
    for (;;) {
        switch (section_.feed(buffer)) {
            case FieldSection::Progress::kNeedMore:
                event = {EventKind::kNeedMore, 0, {}};
                return false;
            case FieldSection::Progress::kStartLine:
                start_line_at_ = buffer.data();
                if (take_start_line(section_.start_line(buffer))) continue;
                event = failed();
                return false;
            case FieldSection::Progress::kComplete:
                // The buffer moved since the start line was read: its views are made again.
                if (start_line_at_ != buffer.data()) {
                    (void)take_start_line(section_.start_line(buffer));
                }
                section_.fields(buffer, fields);
                event = {EventKind::kHead, section_.size(), {}};
                return true;
            case FieldSection::Progress::kError:
                refuse(section_.error().status, section_.error().rule, section_.error().reason);
                event = failed();
                return false;
        }
    }
}

void MessageParser::begin_body(const Framing& framing) noexcept {
    stage_ = Stage::kBody;
    body_kind_ = framing.kind;
    remaining_ = framing.length.value_or(0);
    chunked_.reset();
}

Event MessageParser::next_body(std::string_view buffer) {
    switch (body_kind_) {
        case BodyKind::kLength:
            return next_length(buffer);
        case BodyKind::kChunked:
            return next_chunked(buffer);
        case BodyKind::kUntilClose:
            if (buffer.empty()) return {EventKind::kNeedMore, 0, {}};
            return payload(buffer, buffer.size());
        case BodyKind::kNone:
            break;
    }
    stage_ = Stage::kEnd;
    return {EventKind::kEnd, 0, {}};
}

Event MessageParser::next_length(std::string_view buffer) {
    if (remaining_ == 0) {
        stage_ = Stage::kEnd;
        return {EventKind::kEnd, 0, {}};
    }
    if (buffer.empty()) return {EventKind::kNeedMore, 0, {}};
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, buffer.size()));
    remaining_ -= size;
    return payload(buffer.substr(0, size), size);
}

Event MessageParser::next_chunked(std::string_view buffer) {
    const auto step = chunked_.next(buffer, trailers_);
    switch (step.progress) {
        case ChunkedDecoder::Progress::kNeedMore:
            return {EventKind::kNeedMore, step.consumed, {}};
        case ChunkedDecoder::Progress::kData:
            return payload(step.data, step.consumed);
        case ChunkedDecoder::Progress::kError:
            refuse(chunked_.error().status, chunked_.error().rule, chunked_.error().reason);
            return failed();
        case ChunkedDecoder::Progress::kEnd:
            break;
    }
    // The framing is over; the next call reports the end.
    body_kind_ = BodyKind::kNone;
    if (!trailers_.empty()) return {EventKind::kTrailers, step.consumed, {}};
    stage_ = Stage::kEnd;
    return {EventKind::kEnd, step.consumed, {}};
}

Event MessageParser::payload(std::string_view data, std::size_t consumed) {
    if (data.size() > limits_.body - received_) {
        refuse(413, "body_too_large", "the body is too large");
        return failed();
    }
    received_ += data.size();
    return {EventKind::kBody, consumed, data};
}

}  // namespace botbottle::http
