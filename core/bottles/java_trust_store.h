// What a JVM trusts: it reads no PEM, so the bottle's certificates come in the JVM's own form, too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace botbottle {

// The certificates of `pem` as a JKS store ("Java KeyStore", version 2, trusted entries only),
// which every JVM since 1.2 reads and which needs no password to be read. `created` is what the
// entries say, in milliseconds since 1970. What is no certificate is passed over; so is one that is
// cut short.
std::string java_trust_store(std::string_view pem, std::int64_t created);

}  // namespace botbottle
