// The keys below `agent_provider` that a provider owns, checked against the settings schema of its
// descriptor: a new provider brings its own keys, and core does not change.
#pragma once

#include <QJsonObject>

#include "base/error.h"
#include "manifest/manifest.h"
#include "plugins/descriptor.h"

namespace botbottle {

// Error `manifest_invalid`, every problem with file, line and key.
Result<QJsonObject> check_provider_settings(const ProviderManifest& manifest,
                                            const PluginDescriptor& descriptor);

// The key among `settings` that cannot be set together with `key`; empty when there is none.
QString excluded_by(const PluginDescriptor& descriptor, const QJsonObject& settings,
                    const QString& key);

}  // namespace botbottle
