// See session.h: nghttp2's callbacks, and the limits that it leaves to its user.
#include "http2/session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace botbottle::http2 {

namespace {

constexpr std::uint32_t kSmallUpdate = 256;  // a window opened by less than that is a drip
constexpr std::size_t kMaxInformational = 10;
constexpr std::size_t kMaxViolations = 8;

std::vector<nghttp2_nv> name_values(const std::vector<Header>& headers) {
    std::vector<nghttp2_nv> result;
    result.reserve(headers.size());
    for (const Header& header : headers) {
        // nghttp2 takes pointers to non-const and copies what they point to.
        auto* name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.name.data()));
        auto* value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.value.data()));
        result.push_back({name, value, header.name.size(), header.value.size(),
                          static_cast<std::uint8_t>(header.secret ? NGHTTP2_NV_FLAG_NO_INDEX
                                                                  : NGHTTP2_NV_FLAG_NONE)});
    }
    return result;
}

}  // namespace

// `user` is the Session in all of them.
struct Callbacks {
    static Session& of(void* user) { return *static_cast<Session*>(user); }

    static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
        Session& session = of(user);
        const bool acknowledges = (head->flags & NGHTTP2_FLAG_ACK) != 0;
        switch (head->type) {
            case NGHTTP2_PING:
            case NGHTTP2_SETTINGS:
                if (!acknowledges) session.spend();
                break;
            case NGHTTP2_DATA:
                if (head->length == 0 && (head->flags & NGHTTP2_FLAG_END_STREAM) == 0)
                    session.spend();
                break;
            case NGHTTP2_HEADERS:
            case NGHTTP2_WINDOW_UPDATE:
            case NGHTTP2_CONTINUATION:
                break;
            default:
                session.spend();
        }
        return session.flooded_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
    }

    static int on_begin_headers(nghttp2_session* raw, const nghttp2_frame* frame, void* user) {
        Session& session = of(user);
        session.block_since_ = session.now_;
        const std::int32_t id = frame->hd.stream_id;
        StreamPtr stream = session.find(id);
        if (!stream && session.side_ == Side::kServer) {
            // Streams that were reset may still be served for a moment.
            if (session.streams_.size() >= 2 * std::size_t{session.limits_.streams})
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
            stream = StreamPtr(new Stream);
            stream->session_ = raw;
            stream->id_ = id;
            stream->shared_window_ = true;
            session.streams_.emplace(id, stream);
        }
        if (stream) stream->block_ = std::make_unique<HeadBlock>();
        return 0;
    }

    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                         std::uint8_t, void* user) {
        Session& session = of(user);
        const StreamPtr stream = session.find(frame->hd.stream_id);
        if (!stream || !stream->block_) return 0;
        if (stream->block_->add({reinterpret_cast<const char*>(name), name_size},
                                {reinterpret_cast<const char*>(value), value_size}))
            return 0;
        session.add_violation("head_too_large", "a header block does not end");
        session.flooded_ = true;
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }

    // A field that nghttp2 would drop: the message is refused, not mended.
    static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                                 std::size_t, const std::uint8_t*, std::size_t, std::uint8_t,
                                 void* user) {
        of(user).add_violation("bad_field", "a header field holds a byte that it may not hold");
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }

    static int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int code, void* user) {
        of(user).add_violation("http2_protocol_error", nghttp2_strerror(code));
        return 0;
    }

    static int on_frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        Session& session = of(user);
        if (frame->hd.type == NGHTTP2_GOAWAY) session.goes_away_ = true;
        if (frame->hd.type == NGHTTP2_WINDOW_UPDATE &&
            frame->window_update.window_size_increment < static_cast<int>(kSmallUpdate))
            session.spend();
        if (frame->hd.type == NGHTTP2_HEADERS) session.block_since_ = Clock::time_point::max();
        const StreamPtr stream = session.find(frame->hd.stream_id);
        if (!stream) return 0;
        const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (frame->hd.type == NGHTTP2_HEADERS && stream->block_) {
            if (!take_head(session, stream, frame->headers.cat, ends)) return 0;
        }
        if (ends && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)) {
            stream->received_end_ = true;
            stream->tell();
        }
        return 0;
    }

    static bool take_head(Session& session, const StreamPtr& stream,
                          nghttp2_headers_category category, bool ends) {
        if (category == NGHTTP2_HCAT_REQUEST) {
            stream->head_ = std::move(stream->block_);
            stream->head_error_ = stream->head_->read_request(stream->request_, ends);
            session.requests_.push_back(stream);
        } else if (session.side_ == Side::kClient && !stream->got_final_head_) {
            stream->got_final_head_ = !stream->block_->status().starts_with('1');
            if (stream->answers_.size() >= kMaxInformational) {
                stream->reset(kCancel);
                return false;
            }
            stream->answers_.push_back(std::move(stream->block_));
            stream->answer_ends_.push_back(ends);
            stream->tell();
        } else {
            stream->trailer_block_ = std::move(stream->block_);
            if (stream->trailer_block_->too_large()) stream->reset(kCancel);
        }
        return true;
    }

    static int on_data(nghttp2_session* raw, std::uint8_t, std::int32_t id,
                       const std::uint8_t* data, std::size_t size, void* user) {
        const StreamPtr stream = of(user).find(id);
        if (!stream || stream->detached_ || stream->failed_) {
            nghttp2_session_consume(raw, id, size);
            return 0;
        }
        // An origin's connection serves many clients: one that does not read must not stop the
        // others. The bottle's own connections stop themselves.
        if (of(user).side_ == Side::kClient) nghttp2_session_consume_connection(raw, size);
        stream->input_.append(reinterpret_cast<const char*>(data), size);
        stream->tell();
        return 0;
    }

    static int on_stream_closed(nghttp2_session* raw, std::int32_t id, std::uint32_t code,
                                void* user) {
        Session& session = of(user);
        const auto found = session.streams_.find(id);
        if (found == session.streams_.end()) return 0;
        const StreamPtr stream = found->second;
        session.streams_.erase(found);
        if (stream->shared_window_)
            nghttp2_session_consume_connection(raw, stream->input_.size() + stream->unreleased_);
        stream->session_ = nullptr;
        // A whole answer that is followed by "the rest is not wanted" is a whole answer.
        if (code != kNoError || !stream->received_end_) stream->fail(code);
        stream->tell();
        return 0;
    }

    static int on_frame_sent(nghttp2_session* raw, const nghttp2_frame* frame, void* user) {
        Session& session = of(user);
        if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != kNoError &&
            session.side_ == Side::kServer)
            session.spend();
        const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (!ends || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
            return 0;
        const StreamPtr stream = session.find(frame->hd.stream_id);
        if (!stream) return 0;
        stream->sent_end_ = true;
        if (session.side_ == Side::kServer && stream->detached_ && !stream->received_end_)
            nghttp2_submit_rst_stream(raw, NGHTTP2_FLAG_NONE, stream->id_, kNoError);
        return 0;
    }

    static ssize_t read_output(nghttp2_session* raw, std::int32_t, std::uint8_t*,
                               std::size_t length, std::uint32_t* flags,
                               nghttp2_data_source* source, void*) {
        Stream& stream = *static_cast<Stream*>(source->ptr);
        const std::size_t size = std::min(length, stream.pending());
        if (size == 0 && !stream.output_ended_) {
            stream.deferred_ = true;
            return NGHTTP2_ERR_DEFERRED;
        }
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        if (size < stream.pending() || !stream.output_ended_) return static_cast<ssize_t>(size);
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (!stream.trailer_headers_.empty()) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            const auto trailers = name_values(stream.trailer_headers_);
            nghttp2_submit_trailer(raw, stream.id_, trailers.data(), trailers.size());
        }
        return static_cast<ssize_t>(size);
    }

    static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head,
                         std::size_t length, nghttp2_data_source* source, void* user) {
        constexpr std::size_t kFrameHead = 9;
        Stream& stream = *static_cast<Stream*>(source->ptr);
        Sink& sink = *of(user).sink_;
        // nghttp2 sends one frame after the other from here: the brake is here, too.
        if (sink.full()) return NGHTTP2_ERR_WOULDBLOCK;
        sink.write({reinterpret_cast<const char*>(head), kFrameHead});
        sink.write(std::string_view(stream.output_).substr(stream.output_at_, length));
        stream.output_at_ += length;
        if (stream.pending() == 0) stream.tell();
        return 0;
    }

    static nghttp2_session* create(Session& session, Side side) {
        nghttp2_session_callbacks* callbacks = nullptr;
        if (nghttp2_session_callbacks_new(&callbacks) != 0) return nullptr;
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_received);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_closed);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
        nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
        nghttp2_option* option = nullptr;
        nghttp2_session* made = nullptr;
        if (nghttp2_option_new(&option) == 0) {
            nghttp2_option_set_no_auto_window_update(option, 1);
            nghttp2_option_set_no_closed_streams(option, 1);
            nghttp2_option_set_max_settings(option, 32);
            const int failed =
                side == Side::kServer
                    ? nghttp2_session_server_new2(&made, callbacks, &session, option)
                    : nghttp2_session_client_new2(&made, callbacks, &session, option);
            if (failed != 0) made = nullptr;
            nghttp2_option_del(option);
        }
        nghttp2_session_callbacks_del(callbacks);
        return made;
    }

    static nghttp2_data_provider provider(Stream& stream) {
        nghttp2_data_provider made{};
        made.source.ptr = &stream;
        made.read_callback = read_output;
        return made;
    }
};

Session::Session(Side side, const SessionLimits& limits) : side_(side), limits_(limits) {
    session_ = Callbacks::create(*this, side);
    broken_ = session_ == nullptr;
    if (broken_) return;
    std::vector<nghttp2_settings_entry> settings = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HeadBlock::kMaxBytes}};
    // RFC 8441: WebSockets are taken; what a route does not allow is refused as a request.
    if (side == Side::kClient)
        settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    else
        settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                          static_cast<std::int32_t>(limits.connection_window));
}

Session::~Session() {
    fail_all();
    nghttp2_session_del(session_);
}

bool Session::receive(std::string_view bytes, Clock::time_point now) {
    now_ = now;
    if (broken_) return false;
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (taken < 0 || flooded_) {
        broken_ = true;
        if (!flooded_)
            add_violation("http2_protocol_error", nghttp2_strerror(static_cast<int>(taken)));
        nghttp2_session_terminate_session(
            session_, flooded_ ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
        return false;
    }
    return !is_over();
}

void Session::send(Sink& sink, Clock::time_point now) {
    if (session_ == nullptr) return;
    now_ = now;
    sink_ = &sink;
    while (!sink.full()) {
        const std::uint8_t* bytes = nullptr;
        const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
        if (size <= 0) {
            broken_ = broken_ || size < 0;
            break;
        }
        sink.write({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    }
    sink_ = nullptr;
    if (flooded_ && !broken_) {
        broken_ = true;
        nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

bool Session::wants_to_send() const {
    return session_ != nullptr && nghttp2_session_want_write(session_) != 0;
}

bool Session::is_over() const {
    return broken_ ||
           (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
}

StreamPtr Session::take_request() {
    if (requests_.empty()) return nullptr;
    StreamPtr first = std::move(requests_.front());
    requests_.erase(requests_.begin());
    return first;
}

void Session::answer(Stream& stream, const std::vector<Header>& headers, bool has_body) {
    if (stream.session_ == nullptr) return;
    const auto values = name_values(headers);
    const auto provider = Callbacks::provider(stream);
    if (!has_body) stream.output_ended_ = true;
    if (nghttp2_submit_response(session_, stream.id_, values.data(), values.size(),
                                has_body ? &provider : nullptr) != 0)
        stream.reset(kInternalError);
}

void Session::inform(Stream& stream, const std::vector<Header>& headers) {
    if (stream.session_ == nullptr) return;
    const auto values = name_values(headers);
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, values.data(),
                           values.size(), nullptr);
}

StreamPtr Session::open(const std::vector<Header>& headers, bool has_body, bool answers_head) {
    if (!can_open()) return nullptr;
    StreamPtr stream(new Stream);
    const auto values = name_values(headers);
    const auto provider = Callbacks::provider(*stream);
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, values.data(), values.size(),
                                                   has_body ? &provider : nullptr, nullptr);
    if (id < 0) return nullptr;
    stream->session_ = session_;
    stream->id_ = id;
    stream->answers_head_ = answers_head;
    stream->output_ended_ = !has_body;
    streams_.emplace(id, stream);
    return stream;
}

bool Session::can_open() const {
    if (broken_ || goes_away_ || side_ != Side::kClient) return false;
    const std::uint32_t most =
        nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return streams_.size() < std::min(most, limits_.streams) &&
           nghttp2_session_check_request_allowed(session_) != 0;
}

void Session::go_away() {
    if (!broken_)
        nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                              nullptr, 0);
    goes_away_ = true;
}

void Session::fail_all() {
    broken_ = true;
    auto streams = std::move(streams_);
    streams_.clear();
    for (auto& [id, stream] : streams) {
        stream->session_ = nullptr;
        if (!stream->received_end_ || stream->pending() > 0) stream->fail(kCancel);
        stream->tell();
    }
}

std::vector<http::ProtocolError> Session::take_violations() {
    return std::exchange(violations_, {});
}

StreamPtr Session::find(std::int32_t id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second;
}

void Session::add_violation(std::string_view rule, std::string_view reason) {
    if (violations_.size() < kMaxViolations) violations_.push_back({400, rule, reason});
}

void Session::spend() {
    if (flooded_ || guard_.spend(now_)) return;
    flooded_ = true;
    add_violation("http2_flood", "the peer sends more control frames than a client needs");
}

}  // namespace botbottle::http2
