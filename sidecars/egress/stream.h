// Stream: one connected socket, plain or TLS, with output that is collected and sent at once.
//
// TLS is driven on a BIO of our own: ciphertext is read from the socket straight into OpenSSL's
// buffer, and records are collected in memory until flush(), so that a response head, its body and
// several records leave in one system call. Small writes share a record.
//
// Deadlines are looked at by the worker's tick; a stream whose deadline passed, or that is aborted,
// wakes whoever waits on it and fails from then on. One reader and one writer at a time; all on the
// worker's thread.
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "control/descriptor.h"
#include "egress/block.h"
#include "egress/task.h"
#include "tls/openssl.h"

namespace botbottle::egress {

class Worker;

using Clock = std::chrono::steady_clock;

class Stream : public boost::intrusive::list_base_hook<
                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    enum class Read : std::uint8_t {
        kData,
        kWouldBlock,  // never returned by read()
        kEnd,         // an orderly end: close_notify, or FIN on a plain connection
        kTruncated,   // a TLS connection that ended without close_notify
        kFailed,      // reset, aborted, past its deadline, or a TLS error
    };

    Stream(Worker& worker, control::Descriptor socket);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream();

    // From here on the socket's bytes are TLS; `already_read` are the first of them.
    void use_tls(tls::SslPtr ssl, std::string_view already_read);
    Task<bool> handshake();
    SSL* ssl() const noexcept { return ssl_.get(); }

    // Reads what is there, as much as fits.
    Read read_now(InputBuffer& input);
    Task<Read> read(InputBuffer& input);
    Task<bool> wait_readable();
    Task<bool> wait_writable();

    // The first byte that is waiting in the socket, which stays there.
    Task<std::optional<unsigned char>> peek_byte();

    // Collects output. Of what is written, all or nothing is sent if the stream fails.
    void write(std::string_view bytes);
    // Sends what was collected; false when the peer cannot be reached any more.
    bool flush_now();  // true also when the socket takes no more at the moment
    Task<bool> flush();
    bool has_output() const noexcept { return !output_.empty(); }

    // close_notify and FIN, as far as the socket takes them at once.
    void shut_down();
    // The peer must not take this for an orderly end: no close_notify, and a reset where there is
    // one.
    void shut_down_broken();

    // Fails the operation that is under way, and only that.
    void interrupt();
    // Fails every operation, now and later.
    void abort();
    bool aborted() const noexcept { return aborted_; }

    void set_deadline(std::chrono::milliseconds from_now);
    bool is_past(Clock::time_point now) const noexcept { return now >= deadline_; }

    // Whether the peer closed its side, found without reading.
    bool peer_left() const;
    // Whether an idle connection can still be used: nothing arrived that is not TLS housekeeping.
    bool is_quiet();

    int socket() { return descriptor_.native_handle(); }

  private:
    friend struct StreamBio;
    friend class RecordStage;

    Read read_plain(std::span<char> room, std::size_t& size);
    Read read_tls(std::span<char> room, std::size_t& size);
    Read tls_read_failure(int result);
    void encrypt(std::string_view bytes);

    Worker& worker_;
    asio::posix::basic_stream_descriptor<Executor> descriptor_;
    tls::SslPtr ssl_;
    std::string already_read_;
    OutputBuffer output_;
    Clock::time_point deadline_ = Clock::time_point::max();
    unsigned reads_in_a_row_ = 0;
    bool readable_ = true;  // the socket may have more: the last read took all that it asked for
    bool at_end_ = false;   // the socket's, without regard to TLS
    bool failed_ = false;
    bool aborted_ = false;
    bool flushing_ = false;
};

// One TLS record's worth of payload that is still being collected, for whichever stream writes.
// There is one per worker: a stream seals it before anything else of the worker can run.
class RecordStage {
  public:
    void write(Stream& stream, std::string_view bytes);
    void seal(const Stream& stream);  // if it is that stream's
    void drop(const Stream& stream);

  private:
    void seal();

    Stream* owner_ = nullptr;
    std::size_t size_ = 0;
    char bytes_[SSL3_RT_MAX_PLAIN_LENGTH];
};

}  // namespace botbottle::egress
