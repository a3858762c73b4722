// TLS over a non-blocking socket, as thin as it can be: the generator must cost less than what it
// measures.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;

Context server_context(const std::string& certificate_file, const std::string& key_file);
// Verifies chain and name, as real clients do.
Context client_context(const std::string& authority_file);

enum class Progress { done, blocked, ended };

// A socket with TLS on it. `fd` is not owned.
class Stream {
  public:
    Stream(SSL_CTX* context, int fd, const char* verified_host);  // null host: the server's side

    Progress handshake();
    // Appends nothing: reads into `buffer`, and says how much.
    Progress read(char* buffer, std::size_t room, std::size_t& size);
    // Writes as much as goes, and takes it off the front of `bytes`. done: all of it.
    Progress write(std::string_view& bytes);

  private:
    std::unique_ptr<SSL, Free> ssl_;
};

// Says what went wrong, and ends the program: a run with an error measures nothing.
[[noreturn]] void fail(const std::string& what);

void set_non_blocking(int fd);
void set_no_delay(int fd);

}  // namespace bench
