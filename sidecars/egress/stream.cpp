// See stream.h.
#include "egress/stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

#include "egress/worker.h"

namespace botbottle::egress {

// The BIO below an SSL object: a stream's socket for reading, its output buffer for writing.
struct StreamBio {
    static BIO* create(Stream& stream) {
        BIO* bio = BIO_new(method());
        if (bio == nullptr) return nullptr;
        BIO_set_data(bio, &stream);
        BIO_set_init(bio, 1);
        return bio;
    }

  private:
    static const BIO_METHOD* method() {
        static const BIO_METHOD* const shared = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
            BIO_meth_set_read(made, read);
            BIO_meth_set_write(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        return shared;
    }

    static int read(BIO* bio, char* to, int size) {
        BIO_clear_retry_flags(bio);
        auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
        if (!stream.already_read_.empty()) {
            const std::size_t taken = stream.already_read_.copy(to, static_cast<std::size_t>(size));
            stream.already_read_.erase(0, taken);
            return static_cast<int>(taken);
        }
        const ssize_t n = ::recv(stream.socket(), to, static_cast<std::size_t>(size), 0);
        stream.readable_ = n == size;
        if (n > 0) return static_cast<int>(n);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            BIO_set_retry_read(bio);
            return -1;
        }
        stream.at_end_ = true;
        return static_cast<int>(n);
    }

    static int write(BIO* bio, const char* from, int size) {
        BIO_clear_retry_flags(bio);
        auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
        if (stream.output_.size() > kHighWater) return -1;
        stream.output_.append({from, static_cast<std::size_t>(size)});
        return size;
    }

    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_FLUSH) return 1;
        if (command == BIO_CTRL_EOF)
            return static_cast<Stream*>(BIO_get_data(bio))->at_end_ ? 1 : 0;
        return 0;
    }
};

Stream::Stream(Worker& worker, control::Descriptor socket)
    : worker_(worker), descriptor_(worker.executor(), socket.release()), output_(worker.blocks()) {
    worker.add(*this);
}

Stream::~Stream() {
    worker_.stage().drop(*this);
    // Else OpenSSL makes the session unusable, because the connection did not end with
    // close_notify.
    if (ssl_ && !failed_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void Stream::use_tls(tls::SslPtr ssl, std::string_view already_read) {
    ssl_ = std::move(ssl);
    already_read_ = already_read;
    BIO* bio = StreamBio::create(*this);
    if (bio == nullptr)
        failed_ = true;
    else
        SSL_set_bio(ssl_.get(), bio, bio);
}

Task<bool> Stream::handshake() {
    while (!failed_ && !aborted_) {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        const int error = SSL_get_error(ssl_.get(), result);
        // An alert, too, must reach the peer.
        if (!output_.empty()) {
            const bool sent = co_await flush();
            if (!sent) co_return false;
        }
        if (result == 1) co_return true;
        if (error != SSL_ERROR_WANT_READ) co_return false;
        const bool readable = co_await wait_readable();
        if (!readable) co_return false;
    }
    co_return false;
}

Stream::Read Stream::read_now(InputBuffer& input) {
    if (failed_ || aborted_) return Read::kFailed;
    const std::span<char> room = input.room();
    if (room.empty()) return Read::kFailed;
    std::size_t size = 0;
    const Read result = ssl_ ? read_tls(room, size) : read_plain(room, size);
    input.commit(size);
    if (result == Read::kFailed) failed_ = true;
    // TLS may have answered something by itself (a key update).
    if (!output_.empty() && !flushing_) flush_now();
    return result;
}

Task<Stream::Read> Stream::read(InputBuffer& input) {
    for (;;) {
        if (readable_ || (ssl_ && SSL_has_pending(ssl_.get()))) {
            // A peer that is always faster must not keep the worker's other connections waiting.
            if (++reads_in_a_row_ % kReadsInARow == 0)
                co_await asio::post(worker_.executor(), asio::deferred);
            const Read result = read_now(input);
            if (result != Read::kWouldBlock) co_return result;
        }
        reads_in_a_row_ = 0;
        const bool readable = co_await wait_readable();
        if (!readable) co_return Read::kFailed;
    }
}

Stream::Read Stream::read_plain(std::span<char> room, std::size_t& size) {
    const ssize_t n = ::recv(socket(), room.data(), room.size(), 0);
    readable_ = n > 0 && static_cast<std::size_t>(n) == room.size();
    if (n > 0) {
        size = static_cast<std::size_t>(n);
        return Read::kData;
    }
    if (n == 0) return Read::kEnd;
    return errno == EAGAIN || errno == EINTR ? Read::kWouldBlock : Read::kFailed;
}

// As many records as were read ahead; one more system call only when a record is incomplete. A
// record that does not fit is left for the next time, so that a transfer goes on in whole records.
Stream::Read Stream::read_tls(std::span<char> room, std::size_t& size) {
    while (size == 0 || room.size() - size >= SSL3_RT_MAX_PLAIN_LENGTH) {
        ERR_clear_error();
        std::size_t n = 0;
        const int result = SSL_read_ex(ssl_.get(), room.data() + size, room.size() - size, &n);
        if (result != 1) {
            const Read failure = tls_read_failure(result);
            if (size == 0) return failure;
            // What came before the end is handed out first. The next read finds the end again, and
            // must not wait for it: nothing more may come.
            if (failure != Read::kWouldBlock) readable_ = true;
            return Read::kData;
        }
        size += n;
        if (!SSL_has_pending(ssl_.get())) break;
    }
    return Read::kData;
}

Stream::Read Stream::tls_read_failure(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return Read::kWouldBlock;
        case SSL_ERROR_ZERO_RETURN:
            return Read::kEnd;
        default:
            return at_end_ ? Read::kTruncated : Read::kFailed;
    }
}

Task<bool> Stream::wait_readable() {
    if (failed_ || aborted_) co_return false;
    const auto [error] =
        co_await descriptor_.async_wait(asio::posix::descriptor_base::wait_read, kAwait);
    readable_ = true;
    co_return !error && !aborted_;
}

Task<bool> Stream::wait_writable() {
    if (failed_ || aborted_) co_return false;
    const auto [error] =
        co_await descriptor_.async_wait(asio::posix::descriptor_base::wait_write, kAwait);
    co_return !error && !aborted_;
}

Task<std::optional<unsigned char>> Stream::peek_byte() {
    for (;;) {
        unsigned char byte = 0;
        const ssize_t n = ::recv(socket(), &byte, 1, MSG_PEEK);
        if (n == 1) co_return byte;
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) co_return std::nullopt;
        const bool readable = co_await wait_readable();
        if (!readable) co_return std::nullopt;
    }
}

void Stream::write(std::string_view bytes) {
    if (failed_ || aborted_) return;
    if (ssl_)
        worker_.stage().write(*this, bytes);
    else
        output_.append(bytes);
}

void Stream::encrypt(std::string_view bytes) {
    ERR_clear_error();
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) != 1 ||
        written != bytes.size())
        failed_ = true;
}

bool Stream::flush_now() {
    worker_.stage().seal(*this);
    while (!output_.empty() && !failed_ && !aborted_) {
        const std::string_view piece = output_.front();
        const ssize_t n = ::send(socket(), piece.data(), piece.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return true;
        if (n < 0)
            failed_ = true;
        else
            output_.consume(static_cast<std::size_t>(n));
    }
    return !failed_ && !aborted_;
}

Task<bool> Stream::flush() {
    if (!flush_now()) co_return false;
    // Whoever is flushing already sends this too.
    if (output_.empty() || flushing_) co_return true;
    flushing_ = true;
    bool alive = true;
    while (alive && !output_.empty()) {
        alive = co_await wait_writable();
        if (alive) alive = flush_now();
    }
    flushing_ = false;
    co_return alive;
}

void Stream::shut_down() {
    if (failed_ || aborted_) return;
    if (ssl_) {
        worker_.stage().seal(*this);
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
    }
    flush_now();
    ::shutdown(socket(), SHUT_WR);
}

void Stream::shut_down_broken() {
    worker_.stage().drop(*this);
    output_.clear();
    failed_ = true;
    const linger reset{1, 0};
    ::setsockopt(socket(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void Stream::interrupt() {
    boost::system::error_code ignored;
    descriptor_.cancel(ignored);
}

void Stream::abort() {
    if (aborted_) return;
    aborted_ = true;
    interrupt();
}

void Stream::set_deadline(std::chrono::milliseconds from_now) {
    deadline_ = worker_.now() + from_now;
}

bool Stream::peer_left() const {
    // const_cast: Asio's native_handle() is not const.
    pollfd state{const_cast<Stream*>(this)->socket(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool Stream::is_quiet() {
    if (failed_ || aborted_) return false;
    char byte = 0;
    std::size_t size = 0;
    const Read result = ssl_ ? read_tls({&byte, 1}, size) : read_plain({&byte, 1}, size);
    return result == Read::kWouldBlock;
}

void RecordStage::write(Stream& stream, std::string_view bytes) {
    if (owner_ != &stream) {
        seal();
        owner_ = &stream;
    }
    while (!bytes.empty()) {
        // Whole records go straight from the caller's memory.
        if (size_ == 0 && bytes.size() >= sizeof bytes_) {
            const std::size_t whole = bytes.size() / sizeof bytes_ * sizeof bytes_;
            stream.encrypt(bytes.substr(0, whole));
            bytes.remove_prefix(whole);
            continue;
        }
        const std::size_t taken = std::min(bytes.size(), sizeof bytes_ - size_);
        std::memcpy(bytes_ + size_, bytes.data(), taken);
        size_ += taken;
        bytes.remove_prefix(taken);
        if (size_ == sizeof bytes_) {
            seal();
            owner_ = &stream;
        }
    }
}

void RecordStage::seal(const Stream& stream) {
    if (owner_ == &stream) seal();
}

void RecordStage::drop(const Stream& stream) {
    if (owner_ != &stream) return;
    owner_ = nullptr;
    size_ = 0;
}

void RecordStage::seal() {
    if (owner_ != nullptr && size_ > 0) owner_->encrypt({bytes_, size_});
    owner_ = nullptr;
    size_ = 0;
}

}  // namespace botbottle::egress
