// What a JVM trusts: it reads no PEM, so the bottle's certificates come in the JVM's own form, too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace botbottle {

// A JKS store ("Java KeyStore", version 2, trusted entries only), which every JVM since 1.2 reads
// and which needs no password to be read.
class JavaTrustStore {
  public:
    // `created` is what the entries say, in milliseconds since 1970.
    explicit JavaTrustStore(std::int64_t created);

    // The certificates of `pem`. What is no certificate is passed over; so is one that is cut
    // short.
    void add(std::string_view pem);

    // The store's bytes, with their checksum. Nothing can be added afterwards.
    std::string take() &&;

  private:
    std::int64_t created_;
    std::uint32_t count_ = 0;
    std::string bytes_;
};

}  // namespace botbottle
