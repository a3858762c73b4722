// Http2Client: the client's side of one exchange on an HTTP/2 stream.
#pragma once

#include "egress/client_side.h"
#include "egress/http2_link.h"

namespace botbottle::egress {

class Http2Client final : public ClientSide {
  public:
    Http2Client(std::shared_ptr<Http2Link> link, http2::StreamPtr stream)
        : line_(std::move(link), std::move(stream)) {}

    http::RequestHead& head() override { return line_.stream().request(); }
    http::ProtocolError head_error() const override { return line_.stream().head_error(); }
    http::Event next() override { return line_.stream().next(); }
    Task<bool> read_more() override { return line_.wait_for_input(); }
    const http::HeaderFields& trailers() const override { return line_.stream().trailers(); }
    http::ProtocolError error() const override;
    void interrupt() override { line_.interrupt(); }

    bool write_informational(int status, std::string_view reason,
                             const http::HeaderFields& fields) override;
    bool write_head(int status, std::string_view reason, const http::HeaderFields& fields,
                    const http::Framing& framing, bool keep_alive) override;
    bool write_switch(const http::HeaderFields& fields) override;
    void write(std::string_view payload) override { line_.stream().write(payload); }
    void finish(const http::HeaderFields& trailers) override { line_.stream().finish(trailers); }
    Task<bool> flush() override { return line_.flush(); }
    bool gone() override { return line_.is_dead(); }
    bool shares_connection() const override { return true; }
    void set_deadline(std::chrono::milliseconds from_now) override { line_.set_deadline(from_now); }

    // What a connection of HTTP/1.1 would have had to do is the stream's to do here.
    void end(After after);

  private:
    mutable Http2Line line_;
};

}  // namespace botbottle::egress
