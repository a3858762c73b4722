#include "bottles/metadata.h"

#include <fcntl.h>

#include <QJsonDocument>
#include <algorithm>

#include "bottles/identity.h"
#include "bottles/installation.h"
#include "files/directory_reader.h"

namespace botbottle {
namespace {

const QLatin1String kSchema("botbottle.bottle/1");

std::string file_of(const QString& state_dir) {
    return state_dir.toStdString() + "/metadata.json";
}

std::optional<BottlePhase> phase_from(const QString& text) {
    for (const auto phase :
         {BottlePhase::Launching, BottlePhase::Running, BottlePhase::Preserved}) {
        if (to_string(phase) == text) return phase;
    }
    return std::nullopt;
}

std::optional<Lifetime> lifetime_from(const QString& text) {
    for (const auto lifetime : {Lifetime::ThrowAway, Lifetime::UnlessChanged, Lifetime::Kept}) {
        if (to_string(lifetime) == text) return lifetime;
    }
    return std::nullopt;
}

}  // namespace

QString to_string(Lifetime lifetime) {
    switch (lifetime) {
        case Lifetime::ThrowAway:
            return QStringLiteral("throw-away");
        case Lifetime::UnlessChanged:
            return QStringLiteral("unless-changed");
        case Lifetime::Kept:
            break;
    }
    return QStringLiteral("kept");
}

QString to_string(BottlePhase phase) {
    switch (phase) {
        case BottlePhase::Launching:
            return QStringLiteral("launching");
        case BottlePhase::Running:
            return QStringLiteral("running");
        case BottlePhase::Preserved:
            break;
    }
    return QStringLiteral("preserved");
}

QJsonObject metadata_to_json(const Metadata& m) {
    return {
        {QStringLiteral("schema"), kSchema},
        {QStringLiteral("identity"), m.identity},
        {QStringLiteral("phase"), to_string(m.phase)},
        {QStringLiteral("created"), m.created.toUTC().toString(Qt::ISODateWithMs)},
        {QStringLiteral("lifetime"), to_string(m.lifetime)},
        {QStringLiteral("generation"), m.generation},
        {QStringLiteral("resumed"), m.resumed},
        {QStringLiteral("agent"), m.agent},
        {QStringLiteral("bottle"), m.bottle},
        {QStringLiteral("provider"), m.provider},
        {QStringLiteral("backend"), m.backend},
        {QStringLiteral("label"), m.label},
        {QStringLiteral("working_directory"), m.working_directory},
        {QStringLiteral("workspace"), m.workspace},
        {QStringLiteral("workspace_inside"), m.workspace_inside},
        {QStringLiteral("home_inside"), m.home_inside},
        {QStringLiteral("brought_out"), m.brought_out},
        {QStringLiteral("state_dir"), m.state_dir},
        {QStringLiteral("runtime_dir"), m.runtime_dir},
        {QStringLiteral("handle"), m.handle},
        {QStringLiteral("guest"), m.guest},
        {QStringLiteral("plan"), m.plan},
        {QStringLiteral("environment"), m.environment},
        {QStringLiteral("launcher"), m.launcher.to_json()},
        {QStringLiteral("warden"), m.warden.to_json()},
        {QStringLiteral("inside"), m.inside.to_json()},
        {QStringLiteral("exit_code"), m.exit_code ? QJsonValue(*m.exit_code) : QJsonValue()},
        {QStringLiteral("preserved_because"), m.preserved_because},
    };
}

Result<Metadata> metadata_from_json(const QJsonObject& object) {
    const auto text = [&object](const char* key) {
        return object.value(QLatin1String(key)).toString();
    };
    const auto process = [&object](const char* key) {
        return ProcessReference::from_json(object.value(QLatin1String(key)).toObject());
    };
    if (text("schema") != kSchema)
        return failure("bad_metadata", "its metadata has the schema \"" +
                                           text("schema").toStdString() +
                                           "\", this botbottle reads " + kSchema.data());
    const auto phase = phase_from(text("phase"));
    const auto lifetime = lifetime_from(text("lifetime"));
    if (!phase || !lifetime || !is_identity(text("identity")))
        return failure("bad_metadata", "its metadata has no valid identity, phase or lifetime");
    Metadata m;
    m.identity = text("identity");
    m.phase = *phase;
    m.created = QDateTime::fromString(text("created"), Qt::ISODateWithMs);
    m.lifetime = *lifetime;
    m.generation = object.value(QLatin1String("generation")).toInt(1);
    m.resumed = object.value(QLatin1String("resumed")).toBool();
    m.agent = text("agent");
    m.bottle = text("bottle");
    m.provider = text("provider");
    m.backend = text("backend");
    m.label = text("label");
    m.working_directory = text("working_directory");
    m.workspace = text("workspace");
    m.workspace_inside = object.value(QLatin1String("workspace_inside")).toBool();
    m.home_inside = object.value(QLatin1String("home_inside")).toBool();
    m.brought_out = object.value(QLatin1String("brought_out")).toBool();
    m.state_dir = text("state_dir");
    m.runtime_dir = text("runtime_dir");
    m.handle = object.value(QLatin1String("handle")).toObject();
    m.guest = object.value(QLatin1String("guest")).toObject();
    m.plan = object.value(QLatin1String("plan")).toObject();
    m.environment = object.value(QLatin1String("environment")).toObject();
    m.launcher = process("launcher");
    m.warden = process("warden");
    m.inside = process("inside");
    if (const auto code = object.value(QLatin1String("exit_code")); code.isDouble())
        m.exit_code = code.toInt();
    m.preserved_because = text("preserved_because");
    return m;
}

Result<void> save_metadata(const Metadata& metadata) {
    return save_metadata(metadata, metadata.lifetime == Lifetime::ThrowAway
                                       ? files::Durability::kSurvivesProcess
                                       : files::Durability::kSurvivesPowerLoss);
}

Result<void> save_metadata(const Metadata& metadata, files::Durability durability) {
    const QByteArray json =
        QJsonDocument(metadata_to_json(metadata)).toJson(QJsonDocument::Indented);
    return files::write_atomically(file_of(metadata.state_dir), json.toStdString(),
                                   {0600, durability});
}

Result<Metadata> load_metadata(const Home& home, const QString& identity) {
    if (!is_identity(identity))
        return failure("unknown_identity",
                       "\"" + identity.toStdString() + "\" is not the name of a bottle",
                       "`botbottle list active` and `botbottle list preserved` show the names");
    const auto json = files::read_file(file_of(home.state(identity)));
    if (!json && json.error().code == "not_found")
        return failure("unknown_identity", "there is no bottle " + identity.toStdString(),
                       "`botbottle list active` and `botbottle list preserved` show the names");
    if (!json) return tl::make_unexpected(json.error());
    const auto document = QJsonDocument::fromJson(QByteArray::fromStdString(*json));
    auto metadata = metadata_from_json(document.object());
    if (metadata && metadata->identity != identity)
        return failure("bad_metadata",
                       "its metadata is that of " + metadata->identity.toStdString());
    return metadata;
}

MetadataListing list_metadata(const Home& home) {
    MetadataListing listing;
    const UniqueFd root = files::open_directory_at(AT_FDCWD, home.state_root().toLocal8Bit());
    if (!root) return listing;
    for (const std::string& name : files::names_in(root.get())) {
        const QString identity = QString::fromStdString(name);
        if (!is_identity(identity)) continue;
        auto metadata = load_metadata(home, identity);
        if (metadata)
            listing.bottles.append(std::move(*metadata));
        else
            listing.unreadable.append({identity, metadata.error()});
    }
    std::sort(listing.bottles.begin(), listing.bottles.end(),
              [](const Metadata& a, const Metadata& b) {
                  return a.created != b.created ? a.created < b.created : a.identity < b.identity;
              });
    return listing;
}

QJsonObject backend_request(const Metadata& metadata) {
    return {{QStringLiteral("identity"), metadata.identity},
            {QStringLiteral("state_dir"), metadata.state_dir},
            {QStringLiteral("runtime_dir"), metadata.runtime_dir},
            {QStringLiteral("libexec_dir"), libexec_directory()},
            {QStringLiteral("handle"), metadata.handle}};
}

}  // namespace botbottle
