// `routes`, of a bottle or of a provider's plan: read, checked, and made canonical by the same code
// that egress judges requests with (common/base).
#pragma once

#include <QList>

#include "manifest/manifest.h"
#include "manifest/problems.h"
#include "manifest/reader.h"
#include "manifest/yaml.h"

namespace botbottle {

// Who writes the route decides how it names its credential: a bottle names a host variable
// (`auth.token_ref`), a provider a member of its plan's `secrets` (`auth.secret`). Either ends up
// in RouteAuth::token_ref.
enum class RouteWriter { Bottle, Provider };

// `routes` is the sequence, `path` its key path. Hosts must be unique.
QList<RouteManifest> read_routes(const yaml::Value& routes, const QString& path, RouteWriter writer,
                                 Problems& problems);

// `dlp`, of a route or of a repo's rules.
std::optional<Dlp> read_dlp(MapReader& map);

// `egress.budget` and `egress.routes[].budget`.
Budget read_budget(const yaml::Value& node, const QString& path, Problems& problems);

QString to_string(AuthScheme scheme);
QString to_string(Dlp dlp);

}  // namespace botbottle
