#include "bottles/host_startup.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace botbottle {
namespace {

struct Rule {
    std::string_view name;
    const char* because;
};

constexpr const char* kAgent = "configures an agent or its tools";
constexpr const char* kEditor = "configures an editor, which runs its tasks";
constexpr const char* kShell = "runs when a shell starts";
constexpr const char* kHook = "runs as a hook";
constexpr const char* kDirectory = "runs when a directory is entered";
constexpr const char* kTool = "names programs that a tool runs";
constexpr const char* kSession = "runs when a session or a program starts";

// Anywhere in the path: what is below a directory of that name, and the name itself.
constexpr Rule kAnywhere[] = {
    {".claude", kAgent},
    {".codex", kAgent},
    {".gemini", kAgent},
    {".aider.conf.yml", kAgent},
    {".cursor", kAgent},
    {".windsurf", kAgent},
    {".roo", kAgent},
    {".cline", kAgent},
    {".continue", kAgent},
    {".kiro", kAgent},
    {".opencode", kAgent},
    {"opencode.json", kAgent},
    {".mcp.json", kAgent},
    {"mcp.json", kAgent},
    {".bot-bottle", "configures botbottle"},
    {"bot-bottle.json", "configures botbottle"},
    {".vscode", kEditor},
    {".vscode-server", kEditor},
    {".idea", kEditor},
    {".fleet", kEditor},
    {".zed", kEditor},
    {".devcontainer", kEditor},
    {".devcontainer.json", kEditor},
    {".vim", kEditor},
    {".vimrc", kEditor},
    {".gvimrc", kEditor},
    {".exrc", kEditor},
    {".nvimrc", kEditor},
    {".nvim.lua", kEditor},
    {".lvimrc", kEditor},
    {".ideavimrc", kEditor},
    {".dir-locals.el", kEditor},
    {".dir-locals-2.el", kEditor},
    {".emacs", kEditor},
    {".emacs.d", kEditor},
    {".sublime-project", kEditor},
    {".envrc", kDirectory},
    {".direnv", kDirectory},
    {".env", kDirectory},
    {".autoenv", kDirectory},
    {".mise.toml", kDirectory},
    {"mise.toml", kDirectory},
    {".mise", kDirectory},
    {".tool-versions", kDirectory},
    {".rtx.toml", kDirectory},
    {".husky", kHook},
    {".githooks", kHook},
    {".git-hooks", kHook},
    {".pre-commit-config.yaml", kHook},
    {".pre-commit-config.yml", kHook},
    {"lefthook.yml", kHook},
    {"lefthook.yaml", kHook},
    {".lefthook.yml", kHook},
    {".lefthook", kHook},
    {".lefthook-local", kHook},
    {".overcommit.yml", kHook},
    {".gitconfig", kHook},
    {".gitmodules", kTool},
    {".hgrc", kHook},
    {".hg", kHook},
    {".svn", kHook},
    {".jj", kHook},
    {".bashrc", kShell},
    {".bash_profile", kShell},
    {".bash_login", kShell},
    {".bash_logout", kShell},
    {".bash_aliases", kShell},
    {".profile", kShell},
    {".zshrc", kShell},
    {".zshenv", kShell},
    {".zprofile", kShell},
    {".zlogin", kShell},
    {".zlogout", kShell},
    {".kshrc", kShell},
    {".mkshrc", kShell},
    {".cshrc", kShell},
    {".tcshrc", kShell},
    {".login", kShell},
    {".logout", kShell},
    {".inputrc", kShell},
    {".oh-my-zsh", kShell},
    {".config", kSession},
    {".local", kSession},
    {".ssh", kSession},
    {".gnupg", kSession},
    {".pam_environment", kSession},
    {".xprofile", kSession},
    {".xinitrc", kSession},
    {".xsession", kSession},
    {".xsessionrc", kSession},
    {".tmux.conf", kSession},
    {".screenrc", kSession},
    {".gdbinit", kTool},
    {".lldbinit", kTool},
    {".irbrc", kTool},
    {".pryrc", kTool},
    {".rprofile", kTool},
    {".pythonrc", kTool},
    {"sitecustomize.py", kTool},
    {"usercustomize.py", kTool},
    {".npmrc", kTool},
    {".yarnrc", kTool},
    {".yarnrc.yml", kTool},
    {".yarn", kTool},
    {".pnp.cjs", kTool},
    {".pnpfile.cjs", kTool},
    {".bunfig.toml", kTool},
    {"bunfig.toml", kTool},
    {".cargo", kTool},
    {".bazelrc", kTool},
    {".buckconfig", kTool},
    {".mvn", kTool},
    {".netrc", kTool},
    {".curlrc", kTool},
    {".wgetrc", kTool},
    {".docker", kTool},
    {".bundle", kTool},
    {".gradle", kTool},
};

// The end of the last name.
constexpr Rule kEndings[] = {
    {".code-workspace", kEditor},
    {".sublime-project", kEditor},
    {".desktop", kSession},
    {".pth", kTool},
};

std::string lower(std::string_view text) {
    std::string folded(text);
    for (char& c : folded)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return folded;
}

std::vector<std::string> names_of(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        names.emplace_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return names;
}

// A git directory: `.git`, and a bare repository under any name, which git takes for one when it
// finds it (safe.bareRepository). Its parts are telling enough without looking around.
std::optional<HeldBack> in_git(const std::vector<std::string>& names) {
    const auto git = std::find(names.begin(), names.end(), ".git");
    const auto hooks = std::find(git, names.end(), "hooks");
    if (git != names.end() && hooks != names.end())
        return HeldBack{QStringLiteral("runs as a git hook"), true};
    if (git != names.end())
        return HeldBack{
            QStringLiteral("is the repository itself: its settings run programs; commits come "
                           "home by a push or a pull"),
            false};
    const std::string& last = names.back();
    const bool bare = last == "config.worktree" || last == "commondir" || last == "packed-refs";
    const bool config =
        names.size() > 1 && last == "config" && names[names.size() - 2].ends_with(".git");
    if (bare || config)
        return HeldBack{QStringLiteral("makes its directory a git repository"), false};
    return std::nullopt;
}

}  // namespace

std::optional<HeldBack> held_back(const std::string& path) {
    const std::vector<std::string> names = names_of(lower(path));
    if (names.empty()) return std::nullopt;
    if (auto git = in_git(names)) return git;
    for (const std::string& name : names) {
        for (const Rule& rule : kAnywhere) {
            if (name == rule.name) return HeldBack{QLatin1String(rule.because), false};
        }
    }
    // `.env.local` and the like are read with `.env`.
    if (names.back().starts_with(".env.")) return HeldBack{QLatin1String(kDirectory), false};
    for (const Rule& rule : kEndings) {
        if (names.back().ends_with(rule.name)) return HeldBack{QLatin1String(rule.because), false};
    }
    return std::nullopt;
}

// `..` is safe only at the beginning: there it goes up from where the link really is. Behind
// another name it would go up from wherever that name leads.
QString unsafe_link(const std::string& path, const std::string& target) {
    if (target.empty() || target[0] == '/')
        return QStringLiteral("is a symlink to an absolute path");
    auto depth = std::count(path.begin(), path.end(), '/');
    bool descending = false;
    for (const std::string& name : names_of(target)) {
        if (name.empty() || name == ".") continue;
        if (name != "..") {
            descending = true;
            continue;
        }
        if (descending || --depth < 0)
            return QStringLiteral("is a symlink that may lead out of the tree");
    }
    for (const std::string& name : names_of(lower(target))) {
        if (name == ".git") return QStringLiteral("is a symlink into a repository");
    }
    return {};
}

}  // namespace botbottle
