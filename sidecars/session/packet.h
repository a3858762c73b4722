// Packets of the session protocol (docs/session-protocol.md): a letter, then NUL-terminated fields,
// and descriptors beside them. Both ends of session.sock use this file.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/descriptor.h"

namespace botbottle::session {

using control::Descriptor;

// What a client may find on the terminal of a session that it takes over: the last of its output.
constexpr std::size_t kReplaySize = 64 * 1024;
// The longest packet: a replay, or a list of all sessions.
constexpr std::size_t kMaxPacket = kReplaySize + 1;
// A start request and three pipes.
constexpr std::size_t kMaxDescriptors = 4;

struct Packet {
    char kind = 0;
    std::string body;
    std::vector<Descriptor> descriptors;

    // The body's fields; empty when the last one is not terminated.
    std::vector<std::string_view> fields() const;
};

enum class Received {
    packet,
    nothing,  // would block
    closed,   // by the peer, or the socket is broken
};

// One packet from a SOCK_SEQPACKET socket. A packet that was cut (too long, too many descriptors)
// breaks the connection: no honest peer sends one.
Received receive(int socket, Packet& packet);

// False when the peer is gone or does not read. Never raises SIGPIPE.
bool send(int socket, char kind, std::initializer_list<std::string_view> fields,
          std::initializer_list<int> descriptors = {});
bool send_bytes(int socket, char kind, std::string_view body,
                std::initializer_list<int> descriptors = {});

// A number in decimal, nothing before or after it, within the bounds.
std::optional<long> parse_number(std::string_view text, long lowest, long highest);

}  // namespace botbottle::session
