#include "bottles/bring_out.h"

#include <fcntl.h>

#include <QFileInfo>
#include <QJsonArray>
#include <cstdio>
#include <set>

#include "bottles/workspace.h"
#include "files/private_directory.h"
#include "files/system_error.h"
#include "files/tree_mirror.h"
#include "files/tree_removal.h"

namespace botbottle {
namespace {

std::string below_state(const Metadata& metadata, const char* name) {
    return metadata.state_dir.toStdString() + '/' + name;
}

std::string conversation_directory(const Metadata& metadata) {
    return below_state(metadata, "conversation");
}

// Where the guest keeps it, in the order of the provider's plan.
QStringList conversation_paths(const Metadata& metadata) {
    QStringList paths;
    const QJsonObject provider = metadata.plan.value(QLatin1String("provider")).toObject();
    for (const auto& path : provider.value(QLatin1String("conversation")).toArray())
        paths.append(path.toString());
    return paths;
}

Result<QJsonObject> copy_out(const BackendPlugin& backend, const Metadata& metadata,
                             const QString& path, const std::string& destination) {
    QJsonObject request = backend_request(metadata);
    request[QStringLiteral("path")] = path;
    request[QStringLiteral("destination")] = QString::fromStdString(destination);
    return backend.copy_out(request);
}

bool is_missing(const Error& error) {
    return error.code == "no_such_file" || error.code == "not_found";
}

}  // namespace

Result<QStringList> bring_workspace_out(const BackendPlugin& backend, const Metadata& metadata) {
    if (!metadata.workspace_inside) return QStringList();
    const QString inside = metadata.guest.value(QLatin1String("workspace")).toString();
    const std::string arrived = below_state(metadata, "workspace.arrived");
    if (auto removed = files::remove_tree(arrived); !removed)
        return tl::make_unexpected(removed.error());
    auto reply = copy_out(backend, metadata, inside, arrived);
    if (!reply) return tl::make_unexpected(reply.error());
    std::set<std::string> left_inside;
    std::vector<files::SkippedEntry> skipped;
    for (const auto& value : reply->value(QLatin1String("skipped")).toArray()) {
        const QJsonObject entry = value.toObject();
        const std::string path = entry.value(QLatin1String("path")).toString().toStdString();
        left_inside.insert(path);
        skipped.push_back({path, entry.value(QLatin1String("reason")).toString().toStdString()});
    }
    // Of what is not named nobody knows whether the agent has removed it.
    const bool all_named = !reply->value(QLatin1String("skipped_more")).toBool();
    if (auto mirrored =
            files::mirror_tree(arrived, metadata.workspace.toStdString(), left_inside,
                               all_named ? files::Absent::kRemoved : files::Absent::kKept);
        !mirrored)
        return tl::make_unexpected(mirrored.error());
    if (auto removed = files::remove_tree(arrived); !removed)
        return tl::make_unexpected(removed.error());
    QStringList notes = notes_about(skipped);
    if (!all_named)
        notes += QStringLiteral(
            "more could not be brought out than is named: what the agent removed is kept here");
    return notes;
}

Result<void> bring_conversation_out(const BackendPlugin& backend, const Metadata& metadata) {
    const QStringList paths = conversation_paths(metadata);
    if (!metadata.home_inside || paths.isEmpty()) return {};
    const std::string arrived = below_state(metadata, "conversation.arrived");
    if (auto removed = files::remove_tree(arrived); !removed) return removed;
    if (auto made = files::make_private_directory(arrived); !made) return made;
    for (qsizetype at = 0; at < paths.size(); ++at) {
        const auto reply =
            copy_out(backend, metadata, paths[at], arrived + '/' + std::to_string(at));
        // An agent that said nothing yet has no conversation.
        if (!reply && !is_missing(reply.error())) return tl::make_unexpected(reply.error());
    }
    // At every moment there is one of the two.
    const std::string kept = conversation_directory(metadata);
    const bool replaces = QFileInfo(QString::fromStdString(kept)).exists();
    if (renameat2(AT_FDCWD, arrived.c_str(), AT_FDCWD, kept.c_str(),
                  replaces ? RENAME_EXCHANGE : 0) != 0)
        return files::system_failure("cannot_write", "rename", arrived);
    return files::remove_tree(arrived);
}

QList<KeptConversation> kept_conversation(const Metadata& metadata) {
    QList<KeptConversation> kept;
    if (!metadata.home_inside) return kept;
    const QStringList paths = conversation_paths(metadata);
    for (qsizetype at = 0; at < paths.size(); ++at) {
        const QString source = QString::fromStdString(conversation_directory(metadata)) +
                               QLatin1Char('/') + QString::number(at);
        if (QFileInfo(source).isDir()) kept.append({paths[at], source});
    }
    return kept;
}

}  // namespace botbottle
