#include "bottles/own_image.h"

#include <QDir>
#include <QJsonObject>
#include <QJsonValue>
#include <string_view>

#include "bottles/fault.h"
#include "bottles/identity.h"
#include "bottles/installation.h"
#include "files/atomic_file.h"
#include "files/private_directory.h"
#include "files/tree_removal.h"

namespace botbottle {
namespace {

constexpr std::size_t kLargestDockerfile = 256 * 1024;
constexpr std::size_t kLargestName = 64;

QString place(const QString& state_dir) {
    return state_dir + QStringLiteral("/image");
}

// "p-" and eight of a-z, 0-9: nothing else becomes a part of a path.
bool is_proposal_name(std::string_view text) {
    return text.size() == 10 && text.starts_with("p-") &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789", 2) ==
               std::string_view::npos;
}

}  // namespace

QString own_image_proposal(const QString& state_dir) {
    const auto name = files::read_file(
        (place(state_dir) + QStringLiteral("/current")).toStdString(), kLargestName);
    if (!name || !is_proposal_name(*name)) return {};
    return QString::fromStdString(*name);
}

QString own_dockerfile(const QString& state_dir) {
    const QString name = own_image_proposal(state_dir);
    if (name.isEmpty()) return {};
    return place(state_dir) + QLatin1Char('/') + name + QStringLiteral("/Dockerfile");
}

bool awaits_own_image(const Metadata& metadata) {
    const QString own = own_dockerfile(metadata.state_dir);
    return !own.isEmpty() && metadata.plan.value(QLatin1String("dockerfile")).toString() != own;
}

Result<QString> dockerfile_text(const Metadata& metadata) {
    QString file = own_dockerfile(metadata.state_dir);
    if (file.isEmpty()) file = metadata.plan.value(QLatin1String("dockerfile")).toString();
    if (file.isEmpty()) {
        const QString name = metadata.provider;
        file = QStringLiteral("%1/../../share/botbottle/images/Dockerfile.%2")
                   .arg(libexec_directory(), name.isEmpty() ? QStringLiteral("run") : name);
    }
    auto text = files::read_file(file.toStdString(), kLargestDockerfile);
    if (!text) return tl::make_unexpected(text.error());
    return QString::fromStdString(*text);
}

Result<void> build_own_image(BackendPlugin& backend, const Metadata& metadata,
                             const QString& proposal, const QString& text) {
    const QString directory = place(metadata.state_dir) + QLatin1Char('/') + proposal;
    for (const QString& path : {place(metadata.state_dir), directory}) {
        if (auto made = files::make_private_directory(path.toStdString()); !made) return made;
    }
    const QString file = directory + QStringLiteral("/Dockerfile");
    if (auto written = files::write_atomically(file.toStdString(), text.toStdString()); !written)
        return written;
    // Prepared as a bottle of its own, which is never launched.
    const QString scratch = place(metadata.state_dir) + QStringLiteral("/scratch");
    (void)files::remove_tree(scratch.toStdString());
    if (auto made = files::make_private_directory(scratch.toStdString()); !made) return made;
    QJsonObject request{
        {QStringLiteral("identity"), new_identity(QStringLiteral("image"))},
        {QStringLiteral("state_dir"), scratch},
        {QStringLiteral("runtime_dir"), scratch + QStringLiteral("/run")},
        {QStringLiteral("libexec_dir"), libexec_directory()},
        {QStringLiteral("cache_dir"),
         QDir::cleanPath(metadata.state_dir + QStringLiteral("/../../cache"))},
        {QStringLiteral("limits"), QJsonObject()},
        {QStringLiteral("command"), QJsonValue()},
        {QStringLiteral("image"),
         QJsonObject{
             {QStringLiteral("dockerfile"), file},
             {QStringLiteral("provider"),
              metadata.provider.isEmpty() ? QJsonValue() : QJsonValue(metadata.provider)}}}};
    auto prepared = backend.prepare(request);
    if (auto removed = files::remove_tree(scratch.toStdString()); !removed) return removed;
    if (!prepared) return tl::make_unexpected(prepared.error());
    fault_point("image.built");
    return files::write_atomically(
        (place(metadata.state_dir) + QStringLiteral("/current")).toStdString(),
        proposal.toStdString());
}

}  // namespace botbottle
