// The certificates that a bottle trusts: the distribution's roots and the bottle's own authority,
// as PEM and as a JVM reads them.
#pragma once

#include <QString>

#include "base/error.h"

namespace botbottle {

// The host's file of root certificates; empty when the host has none.
QString system_roots_file();

// Files on the host, from where they are copied into the bottle.
struct TrustFiles {
    QString bundle;      // PEM
    QString java_store;  // JKS
};

// Writes roots and `authority` (PEM) to files in `folder`.
Result<TrustFiles> write_trust_files(const QString& folder, const QString& authority);

}  // namespace botbottle
