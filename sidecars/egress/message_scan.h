// MessageScan: the messages that one bottle sends on a WebSocket, through the scanner. All of them
// are one text, parted by line ends, so that what is spread over several is found when its last
// part comes. The last bytes are kept back until their frame ends; a sender that makes several
// frames of a message may wait for an answer to the first.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "egress/caught.h"
#include "egress/hold_back.h"
#include "egress/message_gate.h"
#include "egress/scanner_pool.h"

namespace botbottle::egress {

class MessageScan {
  public:
    MessageScan(ScannerPool& pool, const ScanTables& tables)
        : messages_(pool, tables), controls_(pool, tables) {}

    // The next piece of a message. What may go on, or nothing: caught() says why.
    std::optional<std::string_view> feed(std::string_view piece, MessageGate::Ends ends);
    // A Ping, Pong or Close, which may stand between the pieces of a message.
    bool feed_control(std::string_view payload);

    const std::optional<Caught>& caught() const noexcept { return caught_; }

  private:
    bool look(scan::Stream& stream, std::string_view piece, bool last);

    LentScanner messages_;
    LentScanner controls_;
    HoldBack hold_back_;
    std::string passed_;
    std::optional<Caught> caught_;
};

}  // namespace botbottle::egress
