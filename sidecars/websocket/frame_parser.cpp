// See frame_parser.h.
#include "websocket/frame_parser.h"

#include <algorithm>

namespace botbottle::websocket {

namespace {

constexpr unsigned char kFinal = 0x80;
constexpr unsigned char kReserved = 0x70;
constexpr unsigned char kOpcode = 0x0F;
constexpr unsigned char kMasked = 0x80;
constexpr unsigned char kLength = 0x7F;

unsigned char byte_at(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<unsigned char>(bytes[at]);
}

std::uint64_t number(std::string_view bytes) noexcept {
    std::uint64_t value = 0;
    for (const char c : bytes)
        value = (value << 8) | static_cast<unsigned char>(c);
    return value;
}

std::size_t length_bytes(unsigned char length) noexcept {
    if (length < 126) return 0;
    return length == 126 ? 2 : 8;
}

bool is_known(unsigned char opcode) noexcept {
    return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA);
}

}  // namespace

FrameEvent FrameParser::next(std::string_view buffer) {
    if (fault_.code != 0) return {FrameEventKind::kError, 0, {}, false, {}};
    // RFC 6455 5.5.1: no more frames follow a Close; what comes all the same is nobody's.
    if (closed_) return {FrameEventKind::kNeedMore, buffer.size(), {}, false, {}};
    if (!in_frame_) return begin_frame(buffer);
    return is_control(frame_) ? go_on_control(buffer) : go_on(buffer);
}

// The two first bytes are judged as soon as they are there.
FrameEvent FrameParser::begin_frame(std::string_view buffer) {
    if (buffer.size() < 2) return {};
    if (const Fault fault = check_head(buffer); fault.code != 0) return fail(fault);
    const std::size_t extended = length_bytes(byte_at(buffer, 1) & kLength);
    const std::size_t masks = sender_ == Sender::kClient ? mask_.size() : 0;
    if (buffer.size() < 2 + extended + masks) return {};

    remaining_ = extended == 0 ? byte_at(buffer, 1) & kLength : number(buffer.substr(2, extended));
    if ((extended == 2 && remaining_ < 126) || (extended == 8 && remaining_ <= 0xffff))
        return fail({kProtocolError, "a frame's length is not in its shortest form"});
    if (remaining_ >> 63 != 0) return fail({kProtocolError, "a frame's length is negative"});
    final_ = (byte_at(buffer, 0) & kFinal) != 0;
    frame_ = static_cast<Opcode>(byte_at(buffer, 0) & kOpcode);
    for (std::size_t i = 0; i < masks; ++i)
        mask_[i] = byte_at(buffer, 2 + extended + i);
    mask_at_ = 0;
    payload_.clear();
    if (!is_control(frame_)) {
        if (frame_ != Opcode::kContinuation) {
            message_ = frame_;
            message_size_ = 0;
        }
        in_message_ = true;
        if (remaining_ > limits_.message - message_size_)
            return fail({kMessageTooBig, "the message is too large"});
        message_size_ += remaining_;
        empty_frames_ = remaining_ == 0 && !final_ ? empty_frames_ + 1 : 0;
        if (empty_frames_ > limits_.empty_frames)
            return fail({kPolicyViolation, "too many empty frames"});
    }
    in_frame_ = true;
    const std::size_t head = 2 + extended + masks;
    FrameEvent event = next(buffer.substr(head));
    event.consumed += head;
    return event;
}

Fault FrameParser::check_head(std::string_view head) const {
    const unsigned char first = byte_at(head, 0);
    const unsigned char second = byte_at(head, 1);
    if ((first & kReserved) != 0)
        return {kProtocolError, "a reserved bit is set, and no extension was agreed"};
    if (!is_known(first & kOpcode)) return {kProtocolError, "the frame's opcode is unknown"};
    if (((second & kMasked) != 0) != (sender_ == Sender::kClient))
        return {kProtocolError, sender_ == Sender::kClient ? "a client's frame is not masked"
                                                           : "a server's frame is masked"};
    const auto opcode = static_cast<Opcode>(first & kOpcode);
    if (is_control(opcode)) {
        if ((first & kFinal) == 0) return {kProtocolError, "a control frame is fragmented"};
        if ((second & kLength) > kMaxControlPayload)
            return {kProtocolError, "a control frame is too long"};
    } else if ((opcode == Opcode::kContinuation) != in_message_) {
        return {kProtocolError, in_message_ ? "a message begins within another"
                                            : "a continuation belongs to no message"};
    }
    return {};
}

FrameEvent FrameParser::go_on(std::string_view buffer) {
    const std::string_view bytes =
        buffer.substr(0, std::min<std::uint64_t>(buffer.size(), remaining_));
    if (bytes.empty() && remaining_ > 0) return {};
    payload_.clear();
    unmask(bytes);
    remaining_ -= bytes.size();
    const bool ends = remaining_ == 0;
    const bool last = ends && final_;
    if (message_ == Opcode::kText && (!text_.add(payload_) || (last && !text_.finish())))
        return fail({kInvalidText, "a text message is not UTF-8"});
    if (ends) in_frame_ = false;
    if (last) in_message_ = false;
    return {FrameEventKind::kPiece, bytes.size(), message_, last, payload_, ends};
}

FrameEvent FrameParser::go_on_control(std::string_view buffer) {
    const std::string_view bytes =
        buffer.substr(0, std::min<std::uint64_t>(buffer.size(), remaining_));
    unmask(bytes);
    remaining_ -= bytes.size();
    if (remaining_ > 0) return {FrameEventKind::kNeedMore, bytes.size(), {}, false, {}};
    in_frame_ = false;
    if (frame_ == Opcode::kClose) {
        if (const Fault fault = check_close(); fault.code != 0) return fail(fault);
        closed_ = true;
    }
    return {FrameEventKind::kControl, bytes.size(), frame_, true, payload_};
}

// RFC 6455 5.5.1, 7.4: nothing, or a code that may be sent and a reason in UTF-8.
Fault FrameParser::check_close() const {
    if (payload_.empty()) return {};
    if (payload_.size() < 2 ||
        !may_be_sent(static_cast<std::uint16_t>(number(std::string_view(payload_).substr(0, 2)))))
        return {kProtocolError, "a Close holds no code that may be sent"};
    Utf8Checker reason;
    if (!reason.add(std::string_view(payload_).substr(2)) || !reason.finish())
        return {kInvalidText, "the reason of a Close is not UTF-8"};
    return {};
}

FrameEvent FrameParser::fail(Fault fault) {
    fault_ = fault;
    return {FrameEventKind::kError, 0, {}, false, {}};
}

void FrameParser::unmask(std::string_view bytes) {
    const std::size_t start = payload_.size();
    payload_.append(bytes);
    if (sender_ == Sender::kServer) return;
    for (std::size_t i = start; i < payload_.size(); ++i, ++mask_at_)
        payload_[i] = static_cast<char>(static_cast<unsigned char>(payload_[i]) ^
                                        mask_[mask_at_ % mask_.size()]);
}

}  // namespace botbottle::websocket
