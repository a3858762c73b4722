// What runs on the host by itself later: hooks, editor and agent settings, shell startup files.
//
// A workspace is an agent's to change, and its changes come home by `apply`. Files of these names
// would act there without anybody starting them (codex#37081, agentcage#170), also when there was
// none of that name before (CVE-2026-25725). Names are compared without case: some filesystems do
// not know it. Build files (Makefile, package.json) are not among them: whoever builds what an
// agent wrote runs what it wrote, see SECURITY.md.
#pragma once

#include <QString>
#include <optional>
#include <string>

namespace botbottle {

struct HeldBack {
    QString because;     // "runs as a git hook"
    bool never = false;  // not even when the operator names it
};

// For a path below the workspace's root, '/' between names.
std::optional<HeldBack> held_back(const std::string& path);

// Why a symlink at `path` with this target is not brought home; empty when it stays in the tree
// whatever the directories on its way are.
QString unsafe_link(const std::string& path, const std::string& target);

}  // namespace botbottle
