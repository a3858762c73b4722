// Tunnel: a connection that a route with `intercept: false` lets through undecrypted.
//
// What can be held without seeing inside is held: host and port (by the CONNECT), the server name
// of the ClientHello, the addresses that are dialled, the budgets, the record, and the policy's
// revocation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "egress/dialler.h"
#include "egress/rules.h"
#include "egress/signal.h"
#include "egress/stream.h"
#include "egress/task.h"

namespace botbottle::egress {

class Tunnel {
  public:
    // The client's CONNECT to `authority` was admitted by that route and answered with 200.
    Tunnel(Worker& worker, Stream& client, InputBuffer& input, const Authority& authority,
           std::shared_ptr<const Rules> rules, std::size_t route_index);
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

    // Ends when both directions have, or one broke.
    Task<void> run();

    // The client is gone or the route was revoked.
    void abandon();

  private:
    enum class Hello : std::uint8_t { kGood, kRefused, kGone };

    Task<Hello> read_hello();
    Task<bool> admit();
    Task<void> connect_and_relay();
    // Copies until the end of `from`, then passes the end on.
    Task<void> copy(Stream& from, InputBuffer& input, Stream& to, std::uint64_t& size);
    Task<void> send_up();
    audit::Record make_record() const;
    void end_with(std::string_view rule, std::string reason);
    void record_outcome();

    Worker& worker_;
    Stream& client_;
    InputBuffer& input_;
    const Authority& authority_;
    const std::string authority_text_;
    const std::shared_ptr<const Rules> rules_;
    const std::size_t route_index_;
    const Clock::time_point started_ = Clock::now();
    UpstreamPtr upstream_;
    std::optional<Signal> sent_up_;
    std::uint64_t decision_number_ = 0;
    std::uint64_t up_ = 0;
    std::uint64_t down_ = 0;
    std::string_view rule_ = "completed";
    std::string reason_;
    bool denied_ = false;
    bool abandoned_ = false;
};

}  // namespace botbottle::egress
