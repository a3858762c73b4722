// Every number of the egress in one place: sizes, times and caps, with where they come from.
#pragma once

#include <chrono>
#include <cstddef>

namespace botbottle::egress {

// A unit of work of a transfer: four full TLS records of payload, and room for what framing and
// encryption add to them.
inline constexpr std::size_t kPayloadUnit = 64 * 1024;
inline constexpr std::size_t kBlockSize = kPayloadUnit + 4 * 1024;
// Reads that one connection makes before the others of its worker have a turn.
inline constexpr unsigned kReadsInARow = 16;
// Free blocks that a worker keeps for the next transfer.
inline constexpr std::size_t kSpareBlocks = 16;
// Output that one connection may have waiting in memory. Callers flush after each unit; only a peer
// that floods us with TLS key updates and does not read gets here.
inline constexpr std::size_t kHighWater = 256 * 1024;

// Streams of the scanner that a worker keeps; each may hold some hundred KiB.
inline constexpr std::size_t kSpareScanners = 4;
// Scanned in one turn of the event loop: a millisecond or two of work.
inline constexpr std::size_t kScannedInATurn = 128 * 1024;

// Requests that wait for the operator (dlp: hold), and how long one does: shorter than origins and
// clients wait for the rest of a body or for an answer.
inline constexpr std::size_t kMostHeld = 32;
inline constexpr std::chrono::seconds kHoldTime{120};

// What is read and thrown away of a refused request's body so that its connection can be kept.
inline constexpr std::size_t kDrain = 64 * 1024;
// How much of a response body is searched for the injected credential.
inline constexpr std::size_t kRedactedBody = 64 * 1024;
// Shorter values are words of ordinary text, and redacting them would damage it.
inline constexpr std::size_t kMinRedacted = 8;

// A bottle's connections. 10 000 idle tunnels must be possible; each may need a second descriptor
// for its upstream, so that the descriptor limit may lower this.
inline constexpr std::size_t kMaxConnections = 16 * 1024;
// Beyond the cap, this many more are accepted to be told so; then the rest waits in the backlog.
inline constexpr std::size_t kMaxTurnedAway = 256;

// Deadlines are looked at once a tick.
inline constexpr std::chrono::milliseconds kTick{500};
inline constexpr std::chrono::seconds kHeaderTime{10};     // first byte of a head to its last
inline constexpr std::chrono::seconds kHandshakeTime{10};  // either side
inline constexpr std::chrono::seconds kIdleTime{120};  // between requests, and for a stalled body
// A model may think for minutes before the first byte, and an event stream may be silent as long:
// clients give up first (facts: no read time-out below ten minutes).
inline constexpr std::chrono::minutes kAnswerTime{15};
inline constexpr std::chrono::seconds kConnectTime{10};  // to whichever of a host's addresses
// RFC 8305, section 8: between one address and the next, while the first has not failed.
inline constexpr std::chrono::milliseconds kAttemptDelay{250};
inline constexpr std::chrono::seconds kLingerTime{2};

// Idle upstream connections; each thread has its own.
inline constexpr std::chrono::seconds kPoolTime{55};  // origins commonly close after 60
inline constexpr std::size_t kPoolPerTarget = 256;
inline constexpr std::size_t kSessionsPerTarget = 8;
inline constexpr std::size_t kTargetsWithSessions = 256;

inline constexpr std::chrono::seconds kResolveTime{5};
inline constexpr std::chrono::seconds kResolvedFor{30};
inline constexpr std::chrono::seconds kUnresolvedFor{5};
inline constexpr std::size_t kMaxAddresses = 16;
inline constexpr std::size_t kMaxNames = 1024;  // in the resolver's cache
inline constexpr std::size_t kResolverThreads = 4;

}  // namespace botbottle::egress
