#include "bottles/trust_bundle.h"

#include <unistd.h>

#include <QDateTime>

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

Result<Trusted> system_roots() {
    Trusted roots{{}, JavaTrustStore(QDateTime::currentMSecsSinceEpoch())};
    const QString file = system_roots_file();
    if (file.isEmpty()) return roots;
    auto content = files::read_file(file.toStdString());
    if (!content) return tl::make_unexpected(content.error());
    roots.pem = std::move(*content);
    if (!roots.pem.empty() && roots.pem.back() != '\n') roots.pem += '\n';
    roots.java_store.add(roots.pem);
    return roots;
}

Result<TrustFiles> write_trust_files(const QString& folder, Trusted roots,
                                     const QString& authority) {
    roots.pem += authority.toStdString();
    roots.java_store.add(authority.toStdString());
    const std::string store = std::move(roots.java_store).take();
    const TrustFiles written{folder + QStringLiteral("/ca-bundle.pem"),
                             folder + QStringLiteral("/ca.jks")};
    // Read by every user in the bottle; of no use once the bottle has ended.
    const files::WriteOptions options{0644, files::Durability::kSurvivesProcess};
    if (auto done = files::write_atomically(written.bundle.toStdString(), roots.pem, options);
        !done)
        return tl::make_unexpected(done.error());
    if (auto done = files::write_atomically(written.java_store.toStdString(), store, options);
        !done)
        return tl::make_unexpected(done.error());
    return written;
}

}  // namespace botbottle
