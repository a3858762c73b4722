// The spellings that manifests may use for names. A name that passes can be part of a path, an
// identity or an error message without further care.
#pragma once

#include <QString>

namespace botbottle {

// Bottles, agents, plugins: [a-z][a-z0-9-]*, at most 64 characters.
bool is_manifest_name(const QString& name);

// Environment variables: [A-Za-z_][A-Za-z0-9_]*.
bool is_variable_name(const QString& name);

// Skills: [A-Za-z0-9][A-Za-z0-9._-]*, at most 64 characters. Never a path.
bool is_skill_name(const QString& name);

// Repos of git-gate: [A-Za-z0-9._-]+, at most 64 characters, not beginning with a dot or a dash: it
// becomes a directory's name.
bool is_repo_name(const QString& name);

// A path on the host as an operator writes it: "/…" or "~/…", in one line.
bool is_host_path(const QString& text);

// Free of control characters, so that it may stand in one line of a file or a terminal.
bool is_one_line(const QString& text);

}  // namespace botbottle
