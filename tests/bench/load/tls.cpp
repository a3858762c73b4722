#include "tls.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace bench {
namespace {

Context make_context(const SSL_METHOD* method) {
    Context context(SSL_CTX_new(method));
    if (!context) fail("no TLS context");
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    return context;
}

Progress progress_of(SSL* ssl, int result) {
    switch (SSL_get_error(ssl, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return Progress::blocked;
        default:
            return Progress::ended;
    }
}

}  // namespace

Context server_context(const std::string& certificate_file, const std::string& key_file) {
    Context context = make_context(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        fail("the origin's certificate cannot be read");
    return context;
}

Context client_context(const std::string& authority_file) {
    Context context = make_context(TLS_client_method());
    if (SSL_CTX_load_verify_file(context.get(), authority_file.c_str()) != 1)
        fail("the authority cannot be read");
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    static constexpr std::array<unsigned char, 9> kHttp11 = {8,   'h', 't', 't', 'p',
                                                             '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(context.get(), kHttp11.data(), kHttp11.size());
    return context;
}

Stream::Stream(SSL_CTX* context, int fd, const char* verified_host) : ssl_(SSL_new(context)) {
    SSL_set_fd(ssl_.get(), fd);
    if (verified_host == nullptr) {
        SSL_set_accept_state(ssl_.get());
        return;
    }
    SSL_set_connect_state(ssl_.get());
    SSL_set_tlsext_host_name(ssl_.get(), verified_host);
    SSL_set1_host(ssl_.get(), verified_host);
}

Progress Stream::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    return result == 1 ? Progress::done : progress_of(ssl_.get(), result);
}

Progress Stream::read(char* buffer, std::size_t room, std::size_t& size) {
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), buffer, room, &size);
    return result == 1 ? Progress::done : progress_of(ssl_.get(), result);
}

Progress Stream::write(std::string_view& bytes) {
    ERR_clear_error();
    while (!bytes.empty()) {
        std::size_t size = 0;
        const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size);
        if (result != 1) return progress_of(ssl_.get(), result);
        bytes.remove_prefix(size);
    }
    return Progress::done;
}

void fail(const std::string& what) {
    std::fprintf(stderr, "bench-load: %s\n", what.c_str());
    if (const unsigned long error = ERR_get_error(); error != 0)
        std::fprintf(stderr, "bench-load: %s\n", ERR_error_string(error, nullptr));
    std::exit(1);
}

void set_non_blocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void set_no_delay(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on a Unix socket, rightly
}

}  // namespace bench
