// botbottle edit: a bottle or an agent in the operator's editor. A draft is edited, and takes the
// file's place when a launch could read it: a broken save never stops a bottle from starting.
#include <QFileInfo>
#include <QTemporaryDir>
#include <optional>

#include "cli/commands.h"
#include "cli/editor.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "files/atomic_file.h"
#include "manifest/manifest_file.h"
#include "manifest/text.h"
#include "plan/provider_settings.h"

namespace botbottle::cli {
namespace {

struct Edited {
    QString name;
    QString file;
    bool bottle = false;
};

Result<Edited> find(Context& context, const QString& name) {
    const ManifestStore& store = context.manifests();
    const QString bottle = store.bottle_file(name);
    const QString agent = store.agent_file(name);
    if (bottle.isEmpty() && agent.isEmpty()) {
        const QString meant = nearest(name, store.bottle_names() + store.agent_names());
        return failure(
            "usage",
            QStringLiteral("there is no bottle and no agent %1%2")
                .arg(quoted(name), meant.isEmpty()
                                       ? QString()
                                       : QStringLiteral("; did you mean \"%1\"?").arg(meant))
                .toStdString(),
            "`botbottle init` writes a first one");
    }
    if (bottle.isEmpty()) return Edited{name, agent, false};
    if (agent.isEmpty()) return Edited{name, bottle, true};
    auto picked =
        context.ask().pick(QStringLiteral("botbottle: which %1?").arg(name), {bottle, agent},
                           QStringLiteral("open the file itself: %1 or %2").arg(bottle, agent));
    if (!picked) return tl::make_unexpected(picked.error());
    return Edited{name, *picked, *picked == bottle};
}

Result<void> check(Context& context, const Edited& edited, const std::string& text) {
    const ManifestStore& store = context.manifests();
    if (!edited.bottle) {
        auto agent = store.draft_of_agent(edited.name, text);
        if (!agent) return tl::make_unexpected(agent.error());
        if (store.bottle_file(agent->bottle).isEmpty())
            warn(QStringLiteral("there is no bottle \"%1\" yet").arg(agent->bottle));
        return {};
    }
    auto bottle = store.draft_of_bottle(edited.name, text);
    if (!bottle) return tl::make_unexpected(bottle.error());
    auto provider = context.plugins().provider(bottle->provider.id);
    if (!provider) return tl::make_unexpected(provider.error());
    auto settings = check_provider_settings(bottle->provider, (*provider)->descriptor());
    if (!settings) return tl::make_unexpected(settings.error());
    return {};
}

// Until it is right, or the operator has had enough. nullopt: left as it was.
Result<std::optional<std::string>> edit_draft(Context& context, const Edited& edited,
                                              const QString& draft) {
    for (;;) {
        if (auto opened = open_in_editor(draft); !opened)
            return tl::make_unexpected(opened.error());
        auto text = files::read_file(draft.toStdString(), kLargestManifest);
        const Result<void> checked =
            text ? check(context, edited, *text) : Result<void>(tl::make_unexpected(text.error()));
        if (checked) return std::optional(*text);
        complain(checked.error());
        auto again =
            context.ask().confirm(QStringLiteral("open it again?"),
                                  QStringLiteral("mend it: botbottle edit ") + edited.name);
        if (!again) return tl::make_unexpected(again.error());
        if (!*again) return std::optional<std::string>();
    }
}

Result<void> edit(Context& context, const Edited& edited) {
    auto before = read_home_file(edited.file);
    if (!before) return tl::make_unexpected(before.error());
    QTemporaryDir directory;  // 0700
    if (!directory.isValid())
        return failure("editor_failed",
                       "no draft can be made: " + directory.errorString().toStdString());
    const QString draft = directory.filePath(QFileInfo(edited.file).fileName());
    if (auto copied = files::write_atomically(draft.toStdString(), *before); !copied) return copied;
    auto text = edit_draft(context, edited, draft);
    // What was typed is not thrown away with an error.
    if (!text || !*text) {
        auto now = files::read_file(draft.toStdString(), kLargestManifest);
        directory.setAutoRemove(now && *now == *before);
        say(QStringLiteral("%1 is as it was").arg(edited.file));
        if (!directory.autoRemove()) say(QStringLiteral("the draft is %1").arg(draft));
        if (!text) return tl::make_unexpected(text.error());
        return {};
    }
    if (**text == *before) {
        say(QStringLiteral("nothing was changed"));
        return {};
    }
    auto now = read_home_file(edited.file);
    if (!now || *now != *before) {
        directory.setAutoRemove(false);
        return failure("editor_failed", edited.file.toStdString() + " was changed meanwhile",
                       "the draft is " + draft.toStdString());
    }
    // A file that is a link (dotfiles) stays one.
    const QString target = QFileInfo(edited.file).canonicalFilePath();
    auto written = files::write_atomically(target.toStdString(), **text);
    if (written) say(QStringLiteral("wrote %1").arg(edited.file));
    return written;
}

}  // namespace

int run_edit(const GlobalOptions& global, const QString& name) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    auto edited = find(**context, name);
    if (!edited) return fail(edited.error());
    if (global.no_input)
        return fail(
            {"needs_an_answer", "there is nobody to edit " + edited->file.toStdString(), {}});
    if (auto done = edit(**context, *edited); !done) return fail(done.error());
    return kDone;
}

}  // namespace botbottle::cli
