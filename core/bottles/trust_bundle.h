// The certificates that a bottle trusts: the distribution's roots and the bottle's own authority,
// as PEM and as a JVM reads them.
#pragma once

#include <QString>
#include <string>

#include "base/error.h"
#include "bottles/java_trust_store.h"

namespace botbottle {

// The host's file of root certificates; empty when the host has none.
QString system_roots_file();

// Certificates in both forms.
struct Trusted {
    std::string pem;
    JavaTrustStore java_store;
};

// The host's roots; none when it has none. Depends on nothing of a launch, which therefore reads
// them on a thread of its own.
Result<Trusted> system_roots();

// Files on the host, from where they are copied into the bottle.
struct TrustFiles {
    QString bundle;      // PEM
    QString java_store;  // JKS
};

// Writes `roots` and then `authority` (PEM) to files in `folder`.
Result<TrustFiles> write_trust_files(const QString& folder, Trusted roots,
                                     const QString& authority);

}  // namespace botbottle
