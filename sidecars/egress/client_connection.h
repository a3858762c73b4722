// ClientConnection: one connection from the bottle. It reads request heads, turns an admitted
// CONNECT into a TLS tunnel, and gives each request to an Exchange.
#pragma once

#include <optional>
#include <string>

#include "base/host.h"
#include "egress/bell.h"
#include "egress/block.h"
#include "egress/client_side.h"
#include "egress/http2_link.h"
#include "egress/stream.h"
#include "egress/task.h"
#include "egress/worker.h"
#include "http/parser.h"
#include "tls/server_context.h"

namespace botbottle::egress {

class Exchange;
class Tunnel;

class ClientConnection final : public Resident {
  public:
    // One that is `turned_away` gets a 503 for its first request and is closed.
    ClientConnection(Worker& worker, control::Descriptor socket, bool turned_away);

    Task<void> run();

    // A client that went away does not keep its upstream busy.
    void watch() override;
    void end_if_revoked() override;
    void end_if_idle() override;

  private:
    friend class Exchange;

    enum class Next : std::uint8_t { kHead, kMalformed, kGone };
    Task<Next> next_head();
    Task<After> open_tunnel();
    Task<bool> start_tls();
    Task<void> pass_through(const Authority& authority, std::size_t route_index);
    Task<void> serve_http2();
    void take_streams();
    Task<void> serve_stream(http2::StreamPtr stream);
    Task<After> refuse_malformed();
    Task<void> linger();
    // Records a refusal that is not the answer to a request inside a tunnel, and answers it.
    Task<After> refuse_connect(int status, std::string_view rule, std::string reason,
                               std::string hint);
    void record_refusal(std::string_view rule, std::string_view reason,
                        std::string_view method = "CONNECT");

    Worker& worker_;
    const bool turned_away_;
    std::optional<tls::ServerHandshake> identity_;  // before the stream, whose SSL object uses it
    Stream stream_;
    InputBuffer input_;
    http::RequestParser parser_;
    std::optional<Authority> tunnel_;  // of the admitted CONNECT
    std::string tunnel_text_;
    std::vector<Exchange*> exchanges_;  // requests that are being served
    std::shared_ptr<Http2Link> link_;   // when the client chose HTTP/2
    std::size_t serving_ = 0;           // coroutines of its streams
    Bell served_;
    Tunnel* passing_ = nullptr;  // while a tunnel is let through undecrypted
};

}  // namespace botbottle::egress
