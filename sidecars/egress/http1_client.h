// Http1Client: the client's side of one exchange on a connection that speaks HTTP/1.1.
#pragma once

#include <optional>

#include "egress/body_writer.h"
#include "egress/client_side.h"
#include "egress/stream.h"

namespace botbottle::egress {

class Http1Client final : public ClientSide {
  public:
    Http1Client(Worker& worker, Stream& stream, InputBuffer& input, http::RequestParser& parser)
        : worker_(worker), stream_(stream), input_(input), parser_(parser) {}

    http::RequestHead& head() override { return parser_.head(); }
    http::Event next() override;
    Task<bool> read_more() override;
    const http::HeaderFields& trailers() const override { return parser_.trailers(); }
    http::ProtocolError error() const override { return parser_.error(); }
    void interrupt() override { stream_.interrupt(); }

    bool write_informational(int status, std::string_view reason,
                             const http::HeaderFields& fields) override;
    bool write_head(int status, std::string_view reason, const http::HeaderFields& fields,
                    const http::Framing& framing, bool keep_alive) override;
    bool write_switch(const http::HeaderFields& fields) override;
    void write(std::string_view payload) override;
    void finish(const http::HeaderFields& trailers) override;
    Task<bool> flush() override { return stream_.flush(); }
    bool gone() override { return stream_.aborted() || !stream_.flush_now(); }
    void set_deadline(std::chrono::milliseconds from_now) override {
        stream_.set_deadline(from_now);
    }

  private:
    Worker& worker_;
    Stream& stream_;
    InputBuffer& input_;
    http::RequestParser& parser_;
    std::optional<BodyWriter> body_;
    bool switched_ = false;
};

}  // namespace botbottle::egress
