// The system's roots. To read all of them costs about 20 ms of processor time with OpenSSL 3.0.
// Where the distribution keeps them by hash as well, each is read when a chain ends in it, at some
// 0.1 ms; elsewhere they are read once, on a thread of their own, and not before somebody may need
// them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "tls/openssl.h"
#include "tls/prefetched.h"

namespace botbottle::tls {

// Where the roots of this machine are. A machine without any is not an error here: nothing is
// trusted, and verification says what is missing.
struct RootSource {
    std::string directory;               // of files named by hash (`openssl rehash`); or
    std::shared_ptr<X509_STORE> bundle;  // all of them, read from a file
};
using SystemRoots = Prefetched<RootSource>;

// Looks in the places of the common distributions; the parameters are for tests.
RootSource find_system_roots();
RootSource find_roots(const std::string& directory, const std::string& bundle);

// A new store: the system's roots and, when not empty, the certificates of `extra_pem`.
Result<StorePtr> make_store(const SystemRoots& roots, std::string_view extra_pem);

// Whether `pem` holds at least one certificate and nothing that cannot be read.
Result<void> check_certificates(std::string_view pem);

}  // namespace botbottle::tls
