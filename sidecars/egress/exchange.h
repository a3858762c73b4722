// Exchange: one request of a client and its response.
//
// In order: whose request it is, what the policy says, the record of the decision; only then a
// connection to the origin, the request with the route's credential in it, and the response, piece
// by piece in both directions.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.h"
#include "egress/body_scan.h"
#include "egress/client_connection.h"
#include "egress/client_side.h"
#include "egress/dialler.h"
#include "egress/message_gate.h"
#include "egress/message_scan.h"
#include "egress/redactor.h"
#include "egress/rules.h"
#include "egress/signal.h"
#include "egress/task.h"
#include "egress/upstream.h"

namespace botbottle::egress {

class Exchange final : private MessageGate {
  public:
    Exchange(Worker& worker, ClientConnection& connection, ClientSide& client);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange();

    Task<After> run();

    // The client is gone or its route was revoked: nothing more is worth doing.
    void abandon();
    // What is asked for, once that is known.
    const Authority* authority() const noexcept { return authority_; }

  private:
    struct Refusal {
        int status = 0;  // 0: not refused
        std::string rule;
        std::string reason;
        std::string hint;
    };

    // Where the client's request body stands.
    // kHeld: until the operator has answered.
    enum class Upload : std::uint8_t { kUnderWay, kComplete, kMalformed, kFailed, kHeld };
    // How waiting for the head of the response ended.
    enum class Answer : std::uint8_t { kHead, kNothing, kBroken };

    // Judging; no I/O.
    void judge();
    void identify();
    void identify_in_tunnel();
    void identify_plain();
    void decide();
    void compose();
    void finish_composing();
    void strip();
    bool keeps_cookies() const;
    void put_on_credential();
    void refuse_with(int status, std::string_view rule, std::string reason, std::string hint = {});

    // Scanning (exchange_scan.cpp); no I/O.
    bool is_scanned() const;
    void scan_request_head();
    void begin_body_scan();
    Upload scan_up(std::string_view piece);
    Upload scan_end();
    void release_waiting();
    void send_up(const Released& released);
    void catch_with(Caught caught);
    void refuse_head(const Caught& caught);

    // Holding (exchange_hold.cpp).
    struct Hold;
    bool may_hold(const Caught& caught) const;
    Task<bool> ask_operator(Caught& caught);
    void end_hold();
    Task<void> hold_head();
    Task<Upload> hold_body();
    Upload go_on_after_hold();

    // Answering without an origin.
    Task<After> refuse();
    Task<After> answer_local(bool closed);
    void write_whole(int status, std::string_view body, bool keep, std::string_view location = {});
    Task<bool> drain();

    // The origin.
    Task<After> serve();
    Target target() const;
    Task<bool> connect();
    bool send_request();
    Task<void> begin_upload();
    Upload pump_upload();
    Task<void> upload();
    Task<void> stop_upload();
    Task<Answer> read_answer();
    Task<bool> relay_informational();
    void send_head();
    void redact_fields(http::HeaderFields& fields);
    Task<bool> relay_body();
    bool take_bytes(std::size_t size);
    void write_payload(std::string_view payload);
    void finish_redaction();
    http::HeaderFields allowed_trailers(const http::HeaderFields& received) const;
    bool may_retry() const;
    Task<After> give_up(Answer answer);
    Task<After> finish(bool complete);

    // WebSocket (exchange_websocket.cpp).
    struct Handshake {
        std::string key;       // ours, for the origin
        std::string accept;    // for the client's key; empty on HTTP/2
        std::string redacted;  // the piece that goes on
    };
    void judge_websocket();
    void compose_websocket(http::HeaderFields& fields) const;
    Task<After> serve_websocket();
    UpstreamConnection& origin_of_websocket();
    bool send_upgrade();
    bool switch_protocols();
    Verdict pass(Way way, websocket::Opcode kind, std::string_view& piece, Ends ends) override;
    Verdict pass_up(websocket::Opcode kind, std::string_view& piece, Ends ends);

    // The record.
    std::uint64_t record_decision();
    void record_outcome();
    audit::Record make_record() const;

    Worker& worker_;
    ClientConnection& connection_;
    ClientSide& client_;
    const std::shared_ptr<const Rules> rules_;
    const Clock::time_point started_ = Clock::now();

    // The request, kept for the record: its head goes when its body is read.
    std::string method_;
    std::string_view scheme_;
    std::optional<Authority> own_authority_;  // of an absolute form
    const Authority* authority_ = nullptr;
    std::string authority_text_;
    std::string path_;
    bool local_ = false;
    bool http10_ = false;
    bool keep_alive_ = false;
    bool expects_continue_ = false;
    bool accepts_trailers_ = false;
    http::Framing framing_;

    Refusal refusal_;
    policy::Decision decision_;
    const RouteService* service_ = nullptr;
    std::string host_;  // as it is sent
    std::optional<http::HeaderField> injected_;
    std::uint64_t decision_number_ = 0;
    std::unique_ptr<Handshake> websocket_;  // one is asked for and allowed

    OriginPtr upstream_;
    std::uint64_t bytes_up_ = 0;
    std::uint64_t bytes_down_ = 0;
    std::optional<Signal> upload_ended_;
    Upload upload_ = Upload::kUnderWay;
    std::unique_ptr<BodyScan> body_scan_;
    std::unique_ptr<MessageScan> message_scan_;
    std::optional<Caught> caught_;  // in what went up; its rule is the outcome's
    // Found, and for the operator to let through: in the head; in this piece of the body, which was
    // scanned; or at its end.
    std::optional<Caught> held_head_;
    std::string held_piece_;
    bool held_at_end_ = false;
    std::shared_ptr<Hold> hold_;
    std::string let_through_;  // for the record
    // Payload that was taken from the client and waits for a turn of its own.
    std::string unscanned_;
    bool turn_used_up_ = false;
    bool upload_stopped_ = false;  // by us, because its origin is gone
    std::vector<Redactor> redactors_;
    std::list<std::string> redacted_fields_;  // header values point into it
    std::size_t redacted_ = 0;                // bytes of the body that were looked at
    int status_ = 0;
    bool over_budget_ = false;
    std::string_view outcome_ = "completed";
    std::string outcome_reason_;
    bool abandoned_ = false;
};

}  // namespace botbottle::egress
