// Reading manifest files: small, regular, and for a repository's files without following a link.
#pragma once

#include <QString>
#include <string>

#include "base/error.h"

namespace botbottle {

// The most that a manifest may hold. Larger ones are refused before they are read.
constexpr qint64 kLargestManifest = 1024 * 1024;

// The operator's own file; it may be a symbolic link (dotfiles are often kept elsewhere).
Result<std::string> read_home_file(const QString& path);

// `<root>/.bot-bottle/agents/<name>`: no component below `root` may be a symbolic link, so that a
// repository cannot make a file from outside of it a prompt that goes into a bottle.
Result<std::string> read_repository_agent(const QString& root, const QString& name);

}  // namespace botbottle
