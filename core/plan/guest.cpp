// The bottle's inside, as a backend describes it and as a provider is told of it.
#include <QDir>

#include "manifest/text.h"
#include "plan/plan.h"

namespace botbottle {
namespace {

bool is_plain_path(const QString& path) {
    return path.startsWith(u'/') && path != QStringLiteral("/") && QDir::cleanPath(path) == path;
}

}  // namespace

QString java_trust_store_path(const Guest& guest) {
    return guest.ca_certificate.left(guest.ca_certificate.lastIndexOf(u'/')) +
           QStringLiteral("/ca.jks");
}

Result<Guest> guest_from_json(const QJsonObject& object) {
    Guest guest;
    for (const auto& [key, value] : {std::pair{"home", &guest.home},
                                     {"workspace", &guest.workspace},
                                     {"user", &guest.user},
                                     {"path", &guest.path},
                                     {"ca_certificate", &guest.ca_certificate},
                                     {"ca_bundle", &guest.ca_bundle}}) {
        *value = object.value(QLatin1String(key)).toString(*value);
    }
    guest.uid = object.value(QStringLiteral("uid")).toInt(guest.uid);
    guest.gid = object.value(QStringLiteral("gid")).toInt(guest.gid);
    for (const QString& path :
         {guest.home, guest.workspace, guest.ca_certificate, guest.ca_bundle}) {
        if (is_plain_path(path)) continue;
        return failure("bad_guest",
                       QStringLiteral("the backend names %1, which is no absolute path")
                           .arg(quoted(path))
                           .toStdString());
    }
    return guest;
}

QJsonObject guest_to_json(const Guest& guest) {
    return {{QStringLiteral("home"), guest.home},
            {QStringLiteral("workspace"), guest.workspace},
            {QStringLiteral("user"), guest.user},
            {QStringLiteral("uid"), guest.uid},
            {QStringLiteral("gid"), guest.gid},
            {QStringLiteral("path"), guest.path},
            {QStringLiteral("ca_certificate"), guest.ca_certificate},
            {QStringLiteral("ca_bundle"), guest.ca_bundle}};
}

}  // namespace botbottle
