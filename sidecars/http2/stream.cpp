// See stream.h.
#include "http2/stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cctype>

namespace botbottle::http2 {

http::Event Stream::next() {
    handed_.clear();
    if (!answers_.empty()) {
        head_ = std::move(answers_.front());
        answers_.pop_front();
        const bool ends = answer_ends_.front();
        answer_ends_.pop_front();
        response_ = {};
        head_error_ = head_->read_response(response_, ends, answers_head_);
        if (head_error_.status != 0) return {http::EventKind::kError, 0, {}};
        return {http::EventKind::kHead, 0, {}};
    }
    if (!input_.empty()) {
        if (unreleased_ >= kPiece) return {http::EventKind::kNeedMore, 0, {}};
        const std::size_t room = kPiece - unreleased_;
        if (input_.size() <= room) {
            std::swap(handed_, input_);
        } else {
            handed_.assign(input_, 0, room);
            input_.erase(0, room);
        }
        unreleased_ += handed_.size();
        return {http::EventKind::kBody, 0, handed_};
    }
    if (received_end_) {
        if (trailer_block_ && !told_trailers_) {
            told_trailers_ = true;
            trailer_block_->read_trailers(trailers_);
            if (!trailers_.empty()) return {http::EventKind::kTrailers, 0, {}};
        }
        return {http::EventKind::kEnd, 0, {}};
    }
    if (failed_) return {http::EventKind::kError, 0, {}};
    return {http::EventKind::kNeedMore, 0, {}};
}

void Stream::release() {
    if (unreleased_ == 0) return;
    if (session_ != nullptr) {
        nghttp2_session_consume_stream(session_, id_, unreleased_);
        if (shared_window_) nghttp2_session_consume_connection(session_, unreleased_);
    }
    unreleased_ = 0;
}

void Stream::write(std::string_view bytes) {
    if (session_ == nullptr || failed_ || output_ended_) return;
    if (output_at_ == output_.size()) {
        output_.clear();
        output_at_ = 0;
    }
    output_.append(bytes);
    if (deferred_) {
        deferred_ = false;
        nghttp2_session_resume_data(session_, id_);
    }
}

void Stream::finish(const http::HeaderFields& trailers) {
    if (session_ == nullptr || output_ended_) return;
    output_ended_ = true;
    for (const http::HeaderField& field : trailers) {
        if (!http::is_token(field.name) || !http::is_field_value(field.value)) continue;
        trailer_text_.reserve(HeadBlock::kMaxBytes);  // views into it stay
        if (trailer_text_.size() + field.name.size() + field.value.size() > HeadBlock::kMaxBytes)
            break;
        const std::size_t at = trailer_text_.size();
        for (const char c : field.name)
            trailer_text_ += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        trailer_text_ += field.value;
        const std::string_view text(trailer_text_);
        trailer_headers_.push_back({text.substr(at, field.name.size()),
                                    text.substr(at + field.name.size(), field.value.size())});
    }
    if (deferred_) {
        deferred_ = false;
        nghttp2_session_resume_data(session_, id_);
    }
}

void Stream::reset(std::uint32_t code) {
    if (session_ != nullptr) nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id_, code);
    fail(code);
}

void Stream::detach() {
    detached_ = true;
    changed = nullptr;
    unreleased_ += input_.size();
    input_.clear();
    release();
    // RFC 9113 8.1: the answer is complete; the rest of the request is not wanted.
    if (session_ != nullptr && sent_end_ && !received_end_ && !failed_)
        nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id_, kNoError);
}

void Stream::fail(std::uint32_t code) {
    if (failed_) return;
    failed_ = true;
    error_code_ = code;
    output_.clear();
    output_at_ = 0;
    tell();
}

}  // namespace botbottle::http2
