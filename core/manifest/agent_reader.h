// One agent file.
#pragma once

#include <QString>
#include <string>

#include "base/error.h"
#include "manifest/manifest.h"

namespace botbottle {

// Error `manifest_invalid` lists every problem.
Result<AgentManifest> read_agent(const QString& name, const QString& file, const std::string& text);

}  // namespace botbottle
