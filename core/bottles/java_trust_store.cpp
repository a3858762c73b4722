#include "bottles/java_trust_store.h"

#include <QByteArray>
#include <QCryptographicHash>
#include <vector>

namespace botbottle {
namespace {

// sun.security.provider.JavaKeyStore, of which this writes the part that holds certificates.
constexpr std::uint32_t kMagic = 0xfeedfeed;
constexpr std::uint32_t kVersion = 2;
constexpr std::uint32_t kTrustedCertificate = 2;
// The store's checksum is keyed with its password. Nothing here is secret: this is everybody's.
constexpr std::string_view kPassword = "changeit";
constexpr std::string_view kChecksumWord = "Mighty Aphrodite";

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

std::vector<QByteArray> certificates(std::string_view pem) {
    std::vector<QByteArray> found;
    std::size_t at = pem.find(kBegin);
    while (at != std::string_view::npos) {
        at += kBegin.size();
        const std::size_t end = pem.find(kEnd, at);
        if (end == std::string_view::npos) break;
        const QByteArray text(pem.data() + at, static_cast<qsizetype>(end - at));
        if (QByteArray der = QByteArray::fromBase64(text); !der.isEmpty())
            found.push_back(std::move(der));
        at = pem.find(kBegin, end);
    }
    return found;
}

// Java's DataOutputStream: big endian, text with its length before it.
std::string number(std::uint64_t value, int bytes) {
    std::string written;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        written += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xff);
    return written;
}

std::string text(std::string_view value) {
    return number(value.size(), 2).append(value);
}

QByteArray checksum(std::string_view bytes) {
    QCryptographicHash sum(QCryptographicHash::Sha1);
    const auto add = [&](std::string_view part) {
        sum.addData(QByteArray::fromRawData(part.data(), static_cast<qsizetype>(part.size())));
    };
    for (const char letter : kPassword)  // as UTF-16, big endian
        add(std::string{'\0', letter});
    add(kChecksumWord);
    add(bytes);
    return sum.result();
}

constexpr std::size_t kCountAt = 8;  // after magic and version

}  // namespace

JavaTrustStore::JavaTrustStore(std::int64_t created)
    : created_(created), bytes_(number(kMagic, 4) + number(kVersion, 4) + number(0, 4)) {}

void JavaTrustStore::add(std::string_view pem) {
    for (const QByteArray& certificate : certificates(pem)) {
        bytes_ += number(kTrustedCertificate, 4);
        bytes_ += text("trusted-" + std::to_string(count_++));
        bytes_ += number(static_cast<std::uint64_t>(created_), 8);
        bytes_ += text("X.509");
        bytes_ += number(static_cast<std::uint64_t>(certificate.size()), 4);
        bytes_.append(certificate.constData(), static_cast<std::size_t>(certificate.size()));
    }
}

std::string JavaTrustStore::take() && {
    bytes_.replace(kCountAt, 4, number(count_, 4));
    const QByteArray sum = checksum(bytes_);
    bytes_.append(sum.constData(), static_cast<std::size_t>(sum.size()));
    return std::move(bytes_);
}

}  // namespace botbottle
