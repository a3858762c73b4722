// WebSocketRelay: carries the messages of one WebSocket between a client and its origin, after both
// have agreed to it. Each side hears frames that were parsed and written anew; a message is passed
// on as its pieces come, and nothing is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "egress/client_side.h"
#include "egress/message_gate.h"
#include "egress/signal.h"
#include "egress/upstream.h"
#include "websocket/frame_parser.h"

namespace botbottle::egress {

class WebSocketRelay {
  public:
    struct End {
        std::string_view rule = "completed";
        std::string reason;
        bool orderly = true;  // false: a side went away without a Close
    };

    // `origin`'s input holds what followed its 101. All of them outlive this.
    WebSocketRelay(Worker& worker, ClientSide& client, UpstreamConnection& origin,
                   MessageGate& gate)
        : worker_(worker), client_(client), origin_(origin), gate_(gate) {}
    WebSocketRelay(const WebSocketRelay&) = delete;
    WebSocketRelay& operator=(const WebSocketRelay&) = delete;

    // Until both have closed, or one broke, or was cut off.
    Task<End> run();

  private:
    struct Half {
        Way way;
        websocket::FrameParser parser;
        std::string rest{};  // the beginning of a frame's head
        bool begun = false;  // a message was passed on in part
    };

    Task<void> carry_up();
    Task<void> carry_down();
    // False when nothing more is to be read from that side.
    bool take(Half& half, std::string_view bytes);
    bool pass_on(Half& half, const websocket::FrameEvent& event);
    void write(Way way, websocket::Opcode opcode, bool last, std::string_view payload);
    void after_close(const Half& half);
    void cut_off(Way way, std::uint16_t code, std::string_view rule, std::string reason);
    void lose(std::string_view rule, std::string_view reason);
    void stop();
    void extend_deadlines();
    Task<void> say_goodbye();

    Worker& worker_;
    ClientSide& client_;
    UpstreamConnection& origin_;
    MessageGate& gate_;
    Half up_{Way::kUp, websocket::FrameParser(websocket::Sender::kClient)};
    Half down_{Way::kDown, websocket::FrameParser(websocket::Sender::kServer)};
    std::optional<Signal> up_ended_;
    End end_;
    bool stopping_ = false;
    // What the two sides are told when we end it; 0: nothing.
    std::uint16_t code_for_client_ = 0;
    std::uint16_t code_for_origin_ = 0;
};

}  // namespace botbottle::egress
