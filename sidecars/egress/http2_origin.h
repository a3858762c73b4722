// Http2Origin: the origin's side of one exchange on an HTTP/2 stream, and the connections that
// such streams share.
#pragma once

#include "egress/http2_link.h"
#include "egress/origin_side.h"
#include "egress/upstream.h"

namespace botbottle::egress {

class Http2Origin final : public OriginSide {
  public:
    Http2Origin(Worker& worker, std::shared_ptr<Http2Link> link, bool was_reused)
        : worker_(worker), link_(std::move(link)), was_reused_(was_reused) {}

    bool write_head(const http::RequestLine& line, const http::HeaderFields& fields,
                    const http::Framing& framing, const http::HeaderField* injected) override;
    void write(std::string_view payload) override { line_->stream().write(payload); }
    void finish(const http::HeaderFields& trailers) override { line_->stream().finish(trailers); }
    Task<bool> flush() override { return line_->flush(); }

    http::Event next() override { return line_->stream().next(); }
    Task<More> read_more() override;
    http::ResponseHead& head() override { return line_->stream().response(); }
    const http::HeaderFields& trailers() const override { return line_->stream().trailers(); }
    http::ProtocolError error() const override;

    bool was_reused() const override { return was_reused_; }
    bool refused() const override { return line_ && line_->stream().was_refused(); }
    void set_deadline(std::chrono::milliseconds from_now) override;
    bool timed_out() const override { return line_ && line_->is_past(Clock::now()); }
    void abort() override;

  protected:
    void retire() override { delete this; }

  private:
    Worker& worker_;
    const std::shared_ptr<Http2Link> link_;
    mutable std::optional<Http2Line> line_;
    const bool was_reused_;
};

// From a connection on which the origin chose h2: the pool gets it, for others to share.
OriginPtr share_http2(Worker& worker, UpstreamPtr connection);

}  // namespace botbottle::egress
