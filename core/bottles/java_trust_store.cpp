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
class Output {
  public:
    void number(std::uint64_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
            bytes_ += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xff);
    }
    void text(std::string_view value) {
        number(value.size(), 2);
        bytes_ += value;
    }
    void bytes(const QByteArray& value) {
        number(static_cast<std::uint64_t>(value.size()), 4);
        bytes_.append(value.constData(), static_cast<std::size_t>(value.size()));
    }
    void finish() {
        QCryptographicHash checksum(QCryptographicHash::Sha1);
        for (const char letter : kPassword) {  // as UTF-16, big endian
            const char both[] = {'\0', letter};
            checksum.addData(QByteArray::fromRawData(both, sizeof both));
        }
        const auto add = [&](std::string_view part) {
            checksum.addData(
                QByteArray::fromRawData(part.data(), static_cast<qsizetype>(part.size())));
        };
        add(kChecksumWord);
        add(bytes_);
        const QByteArray sum = checksum.result();
        bytes_.append(sum.constData(), static_cast<std::size_t>(sum.size()));
    }
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

}  // namespace

std::string java_trust_store(std::string_view pem, std::int64_t created) {
    const std::vector<QByteArray> trusted = certificates(pem);
    Output output;
    output.number(kMagic, 4);
    output.number(kVersion, 4);
    output.number(trusted.size(), 4);
    std::size_t number = 0;
    for (const QByteArray& certificate : trusted) {
        output.number(kTrustedCertificate, 4);
        output.text("trusted-" + std::to_string(number++));
        output.number(static_cast<std::uint64_t>(created), 8);
        output.text("X.509");
        output.bytes(certificate);
    }
    output.finish();
    return output.take();
}

}  // namespace botbottle
