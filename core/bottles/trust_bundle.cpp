#include "bottles/trust_bundle.h"

#include <unistd.h>

#include <QDateTime>

#include "bottles/java_trust_store.h"
#include "files/atomic_file.h"

namespace botbottle {

QString system_roots_file() {
    // Debian and Alpine; Fedora and RHEL; openSUSE; OpenSSL's default elsewhere.
    for (const char* path :
         {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
        if (access(path, R_OK) == 0) return QString::fromLatin1(path);
    }
    return {};
}

Result<TrustFiles> write_trust_files(const QString& folder, const QString& authority) {
    std::string bundle;
    if (const QString roots = system_roots_file(); !roots.isEmpty()) {
        auto content = files::read_file(roots.toStdString());
        if (!content) return tl::make_unexpected(content.error());
        bundle = std::move(*content);
        if (!bundle.empty() && bundle.back() != '\n') bundle += '\n';
    }
    bundle += authority.toStdString();
    const std::string store = java_trust_store(bundle, QDateTime::currentMSecsSinceEpoch());
    const TrustFiles written{folder + QStringLiteral("/ca-bundle.pem"),
                             folder + QStringLiteral("/ca.jks")};
    // Read by every user in the bottle; of no use once the bottle has ended.
    const files::WriteOptions options{0644, files::Durability::kSurvivesProcess};
    if (auto done = files::write_atomically(written.bundle.toStdString(), bundle, options); !done)
        return tl::make_unexpected(done.error());
    if (auto done = files::write_atomically(written.java_store.toStdString(), store, options);
        !done)
        return tl::make_unexpected(done.error());
    return written;
}

}  // namespace botbottle
