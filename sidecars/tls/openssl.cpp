// The settings that both roles share, and error text.
#include "tls/openssl.h"

#include <openssl/err.h>

namespace botbottle::tls {

namespace {
// Four full records: one read of the socket fetches what four would, and a bulk transfer spends its
// time in the cipher rather than in the kernel.
constexpr std::size_t kReadBuffer = 4 * (SSL3_RT_MAX_PLAIN_LENGTH + 256);
}  // namespace

std::string take_error() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "unknown error";
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "error " + std::to_string(code);
}

void harden(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, kReadBuffer);
}

}  // namespace botbottle::tls
