#include "plan/host_file.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStringDecoder>

namespace botbottle {
namespace {

constexpr qint64 kLargest = 1024 * 1024;

QJsonValue at_pointer(const QByteArray& content, const QString& pointer) {
    QJsonValue value(QJsonDocument::fromJson(content).object());
    for (QString name : pointer.mid(1).split(u'/')) {
        name.replace(QStringLiteral("~1"), QStringLiteral("/"));
        name.replace(QStringLiteral("~0"), QStringLiteral("~"));
        value = value.toObject().value(name);
    }
    return value;
}

}  // namespace

QString host_file_path(const HostFileSchema& schema, const QString& user_home,
                       const HostVariables& variables) {
    for (const QString& path : schema.paths) {
        const qsizetype slash = path.indexOf(u'/');
        if (path.startsWith(u'~')) return user_home + path.mid(slash);
        const char* value = variables(path.mid(1, slash - 1).toLatin1().constData());
        if (value != nullptr && *value != '\0') return QFile::decodeName(value) + path.mid(slash);
    }
    return schema.paths.last();
}

Result<QByteArray> read_host_file(const QString& path) {
    const auto problem = [](const char* why) { return failure("host_file_unusable", why); };
    const QFileInfo info(path);
    if (!info.isAbsolute()) return problem("is not an absolute path");
    if (!info.exists()) return problem("does not exist");
    if (!info.isFile()) return problem("is not a regular file");
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) return problem("cannot be read");
    QByteArray content = file.read(kLargest + 1);
    if (content.size() > kLargest) return problem("is larger than 1 MiB");
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless);
    (void)QString(decoder(content));
    if (decoder.hasError()) return problem("is not UTF-8 text");
    return content;
}

Result<Secret> read_host_credential(const CredentialFile& file) {
    const std::string path = file.path.toStdString();
    const std::string hint = "on the host: " + file.renew_command.toStdString();
    auto content = read_host_file(file.path);
    if (!content)
        return failure("credentials_unusable", path + ' ' + content.error().message, hint);
    QByteArray value = at_pointer(*content, file.pointer).toString().toUtf8();
    wipe_memory(content->data(), static_cast<std::size_t>(content->size()));
    if (value.isEmpty())
        return failure("credentials_unusable",
                       path + " has no string at " + file.pointer.toStdString(), hint);
    Secret secret({value.constData(), static_cast<std::size_t>(value.size())});
    wipe_memory(value.data(), static_cast<std::size_t>(value.size()));
    return secret;
}

}  // namespace botbottle
