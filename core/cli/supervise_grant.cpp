#include "cli/supervise_grant.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <QCryptographicHash>
#include <QFileInfo>
#include <QJsonArray>
#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "bottles/own_image.h"
#include "bottles/warden_connection.h"
#include "cli/messages.h"
#include "cli/relaunch.h"
#include "cli/running_bottle.h"
#include "cli/supervise_view.h"
#include "cli/text_diff.h"
#include "files/atomic_file.h"
#include "files/system_error.h"
#include "manifest/manifest_file.h"
#include "manifest/text.h"
#include "plan/secrets.h"
#include "supervise/decide.h"
#include "supervise/route_file.h"

namespace botbottle::cli {
namespace {

constexpr int kWardenMs = 10'000;
const QString kOnce = QStringLiteral("once");
const QString kAlways = QStringLiteral("always");

UniqueFd in_memory(const std::string& text) {
    UniqueFd file(memfd_create("bottle", MFD_CLOEXEC));
    if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return {};
    lseek(file.get(), 0, SEEK_SET);
    return file;
}

// Where the bottle's routes are declared: `egress` of the last file of its chain that has it.
Result<QString> file_of_routes(Context& context, const QString& bottle) {
    const ManifestStore& store = context.manifests();
    auto manifest = store.bottle(bottle);
    if (!manifest) return tl::make_unexpected(manifest.error());
    for (auto name = manifest->chain.rbegin(); name != manifest->chain.rend(); ++name) {
        const QString file = store.bottle_file(*name);
        const auto text = read_home_file(file);
        if (text && ("\n" + *text).find("\negress:") != std::string::npos) return file;
    }
    return store.bottle_file(bottle);
}

Result<FileChange> file_change(Context& context, const QString& bottle, const QJsonObject& payload,
                               const RouteDelta& delta) {
    if (bottle.isEmpty())
        return failure("no_bottle", "this bottle has no file to write the route into",
                       "grant it for the session");
    auto file = file_of_routes(context, bottle);
    if (!file) return tl::make_unexpected(file.error());
    auto before = read_home_file(*file);
    if (!before) return tl::make_unexpected(before.error());
    QJsonObject route = delta.route;
    if (!delta.keeps_auth)
        route.insert(QStringLiteral("auth"), payload.value(QLatin1String("auth")));
    auto after = with_route_in_file(*before, *file, route);
    if (!after) return tl::make_unexpected(after.error());
    // What a launch could not read is not written.
    const QString name = QFileInfo(*file).completeBaseName();
    auto draft = context.manifests().draft_of_bottle(name, *after);
    if (!draft) return tl::make_unexpected(draft.error());
    return FileChange{*file, *std::move(before), *std::move(after)};
}

QStringList file_lines(const FileChange& change) {
    const UniqueFd before = in_memory(change.before);
    const UniqueFd after = in_memory(change.after);
    const QString diff = QString::fromUtf8(
        unified_diff(before.get(), after.get(), QFileInfo(change.file).fileName().toStdString()));
    QStringList lines{QStringLiteral("file:    ") + visible(change.file)};
    for (const QString& line : diff.split(QLatin1Char('\n'), Qt::SkipEmptyParts))
        lines += QStringLiteral("         ") + visible(line);
    return lines;
}

// By which it is seen that the diff is no longer the one that was shown.
QString image_digest(const Metadata& metadata) {
    const QByteArray text = dockerfile_text(metadata).value_or(QString()).toUtf8();
    return QString::fromLatin1(QCryptographicHash::hash(text, QCryptographicHash::Sha256).toHex());
}

// The whole delta: what is built is exactly the text that is shown here.
Result<RouteDelta> image_delta(const Metadata& metadata, const QJsonObject& payload,
                               const QString& scope) {
    auto present = dockerfile_text(metadata);
    if (!present) return tl::make_unexpected(present.error());
    const QString wanted = payload.value(QLatin1String("dockerfile")).toString();
    const UniqueFd before = in_memory(present->toStdString());
    const UniqueFd after = in_memory(wanted.toStdString());
    QString shown =
        QString::fromUtf8(unified_diff(before.get(), after.get(), std::string("Dockerfile")));
    RouteDelta delta;
    delta.words = {
        QStringLiteral("builds another image for this bottle, ends the agent where it is, and "
                       "starts it again with its workspace and conversation (--later: at its next "
                       "resume)"),
        QStringLiteral("the build runs the commands of this text in the engine, with the engine's "
                       "network, and may fetch any image or address"),
        QStringLiteral("no file of this machine is in it but the text itself, no credential, and "
                       "no route of the bottle changes")};
    if (shown.isEmpty()) shown = wanted;
    for (const QString& line : shown.split(QLatin1Char('\n'), Qt::SkipEmptyParts))
        delta.words += visible(line);
    if (wanted.isEmpty())
        delta.refusal = QStringLiteral("the Dockerfile is empty");
    else if (wanted == *present)
        delta.refusal = QStringLiteral("this is the Dockerfile of the bottle already");
    else if (scope == kAlways || scope == kOnce)
        delta.refusal = QStringLiteral(
            "an image is this bottle's alone (session); for every bottle write the text to a file, "
            "and its path to agent_provider.dockerfile");
    return delta;
}

// The file's own symlink stays one (dotfiles are often kept elsewhere).
Result<void> write_file(const FileChange& change) {
    const auto now = read_home_file(change.file);
    if (!now || *now != change.before)
        return failure("file_moved", change.file.toStdString() + " has changed since it was shown",
                       "the route holds until the bottle ends; add it to the file by hand");
    const QString real = QFileInfo(change.file).canonicalFilePath();
    return files::write_atomically(real.toStdString(), change.after);
}

// What this host has answered already counts: the limit is for the egress's whole life.
Result<qint64> requests_so_far(WardenConnection& warden, const QString& host) {
    auto stats = warden.call(QStringLiteral("stats"), {}, kWardenMs);
    if (!stats) return tl::make_unexpected(stats.error());
    for (const auto& item : stats->value(QLatin1String("routes")).toArray()) {
        const QJsonObject route = item.toObject();
        if (route.value(QLatin1String("host")) == host)
            return route.value(QLatin1String("requests")).toInteger();
    }
    return 0;
}

Result<void> apply_grant(const LivePolicy& live, const Proposal& proposal, const RouteDelta& delta,
                         const QString& scope, const std::map<std::string, Secret>& secrets) {
    auto warden = WardenConnection::open(live.runtime_dir);
    if (!warden) return tl::make_unexpected(warden.error());
    QJsonObject route = delta.route;
    if (scope == kOnce) {
        auto used = requests_so_far(*warden, route.value(QLatin1String("host")).toString());
        if (!used) return tl::make_unexpected(used.error());
        route.insert(QStringLiteral("budget"),
                     QJsonObject{{QStringLiteral("requests"), *used + 1}});
    }
    const QJsonObject params{{QStringLiteral("route"), route},
                             {QStringLiteral("proposal"), proposal.id},
                             {QStringLiteral("base"), live.digest},
                             {QStringLiteral("replace"), delta.replaces},
                             {QStringLiteral("keep_auth"), delta.keeps_auth}};
    auto sent = secrets.empty()
                    ? warden->send(QStringLiteral("egress.allow"), params)
                    : warden->send_with_secrets(QStringLiteral("egress.allow"), params, secrets);
    if (!sent) return sent;
    auto done = warden->receive(kWardenMs);
    if (!done) return tl::make_unexpected(done.error());
    return {};
}

Result<std::map<std::string, Secret>> credential(const QString& variable) {
    std::map<std::string, Secret> secrets;
    if (variable.isEmpty()) return secrets;
    const std::string name = variable.toStdString();
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0')
        return failure("missing_variable", "the environment variable " + name + " is not set",
                       "export it and approve again, or `botbottle supervise edit` the credential "
                       "away");
    secrets.emplace("value", Secret(value));
    return secrets;
}

std::optional<Error> refusal_of(const RouteDelta& delta, const QString& scope) {
    if (!delta.refusal.isEmpty()) return Error{"cannot_grant", delta.refusal.toStdString(), {}};
    if (scope == kOnce && delta.replaces)
        return Error{"cannot_grant",
                     "once is for a host that has no route yet: this one's would be used up too",
                     "grant it for the session, and revoke it afterwards"};
    return std::nullopt;
}

}  // namespace

Result<LivePolicy> live_policy(Context& context, const QString& identity) {
    auto running = find_running(context, identity);
    if (!running) return tl::make_unexpected(running.error());
    LivePolicy live;
    live.runtime_dir = running->item.metadata.runtime_dir;
    live.bottle = running->item.metadata.bottle;
    auto warden = WardenConnection::open(live.runtime_dir);
    if (!warden) return tl::make_unexpected(warden.error());
    auto status = warden->call(QStringLiteral("status"), {}, kWardenMs);
    if (!status) return tl::make_unexpected(status.error());
    live.digest = status->value(QLatin1String("policy_digest")).toString();
    auto policy = warden->call(QStringLiteral("policy.show"), {}, kWardenMs);
    if (!policy) return tl::make_unexpected(policy.error());
    live.policy = std::move(*policy);
    return live;
}

Result<GrantPreview> preview_grant(Context& context, const Proposal& proposal,
                                   const QJsonObject& payload, const QString& scope) {
    auto live = live_policy(context, proposal.identity);
    if (!live) return tl::make_unexpected(live.error());
    GrantPreview preview{std::move(*live), payload, scope, {}, std::nullopt, std::nullopt};
    if (is_held(proposal.tool)) {
        preview.delta = held_delta(proposal.tool, payload, scope);
        preview.refusal = refusal_of(preview.delta, scope);
        preview.scope = kOnce;
        return preview;
    }
    if (proposal.tool == QLatin1String(kCapability)) {
        auto metadata = load_metadata(context.home(), proposal.identity);
        if (!metadata) return tl::make_unexpected(metadata.error());
        auto delta = image_delta(*metadata, payload, scope);
        if (!delta) return tl::make_unexpected(delta.error());
        preview.delta = *std::move(delta);
        preview.refusal = refusal_of(preview.delta, scope);
        preview.live.digest = image_digest(*metadata);
        return preview;
    }
    preview.delta = route_delta(preview.live.policy, payload);
    preview.refusal = refusal_of(preview.delta, scope);
    if (preview.refusal || scope != kAlways) return preview;
    auto made = file_change(context, preview.live.bottle, payload, preview.delta);
    if (made)
        preview.change = std::move(*made);
    else
        preview.refusal = made.error();
    return preview;
}

QString goes_on(const Proposal& proposal) {
    return proposal.tool == QLatin1String(kHeldPush)
               ? QStringLiteral("the push goes on, or goes through when it is made again")
               : QStringLiteral("the request goes on");
}

QStringList preview_lines(const GrantPreview& preview) {
    QStringList lines = delta_lines(preview.delta);
    if (preview.change) lines += file_lines(*preview.change);
    if (preview.refusal && preview.delta.refusal.isEmpty())
        lines += QStringLiteral("cannot:  ") +
                 visible(QString::fromStdString(preview.refusal->message + "; " +
                                                preview.refusal->hint));
    return lines;
}

Result<QString> apply_preview(Context& context, const Proposal& proposal,
                              const GrantPreview& preview, const QString& note) {
    if (preview.refusal) return tl::make_unexpected(*preview.refusal);
    auto secrets = credential(preview.delta.variable);
    if (!secrets) return tl::make_unexpected(secrets.error());
    Decision decision;
    decision.status = preview.payload == proposal.payload ? QStringLiteral("approved")
                                                          : QStringLiteral("modified");
    decision.notes = note;
    decision.payload = preview.payload;
    decision.scope = preview.scope;
    // The sidecar that keeps the question sees the answer, and lets the request go on.
    if (is_held(proposal.tool)) {
        decision.payload = {};
        auto told = decide(context.home(), proposal, decision, nullptr);
        if (!told) return tl::make_unexpected(told.error());
        return decision.status;
    }
    if (proposal.tool == QLatin1String(kCapability)) {
        auto running = find_running(context, proposal.identity);
        if (!running) return tl::make_unexpected(running.error());
        auto built = decide(context.home(), proposal, decision, [&]() -> Result<void> {
            if (image_digest(running->item.metadata) != preview.live.digest)
                return failure("policy_moved", "the bottle's image has changed since it was shown",
                               "look at the change again");
            auto made =
                build_own_image(*running->backend, running->item.metadata, proposal.id,
                                preview.payload.value(QLatin1String("dockerfile")).toString());
            clear_progress();
            return made;
        });
        if (!built) return tl::make_unexpected(built.error());
        return decision.status;
    }
    auto done = decide(context.home(), proposal, decision, [&]() -> Result<void> {
        if (preview.delta.nothing) return {};
        return apply_grant(preview.live, proposal, preview.delta, preview.scope, *secrets);
    });
    if (!done) return tl::make_unexpected(done.error());
    if (preview.change) {
        if (auto written = write_file(*preview.change); !written)
            return tl::make_unexpected(written.error());
    }
    return decision.status;
}

// The decision stands, whatever becomes of the start.
static void take_image(Context& context, const Proposal& proposal, const QString& status,
                       bool later) {
    const QString& identity = proposal.identity;
    const QString by_hand =
        QStringLiteral("`botbottle stop %1`, then `botbottle resume %1` goes on with it")
            .arg(identity);
    say(QStringLiteral("%1 is %2 and built").arg(proposal.id, status));
    if (later) return say(by_hand);
    auto again = relaunch(context, identity);
    if (again)
        return say(QStringLiteral("%1 runs it, with its workspace and conversation").arg(identity));
    warn(QStringLiteral("%1 was not started again: %2")
             .arg(identity, QString::fromStdString(again.error().message)));
    say(again.error().hint.empty() ? by_hand : QString::fromStdString(again.error().hint));
}

Result<bool> grant_proposal(Context& context, const Proposal& proposal, const QJsonObject& payload,
                            const SuperviseOptions& options) {
    const QString what = proposal.tool == QLatin1String(kCapability) ? QStringLiteral("image")
                                                                     : QStringLiteral("policy");
    for (;;) {
        auto preview = preview_grant(context, proposal, payload, options.scope);
        if (!preview) return tl::make_unexpected(preview.error());
        if (!options.if_policy.isEmpty() && options.if_policy != preview->live.digest)
            return failure(
                "policy_moved",
                "the " + what.toStdString() + " is not the one that you looked at any more",
                "`botbottle supervise show` has the change as it is now");
        for (const QString& line : preview_lines(*preview))
            say(line);
        if (preview->refusal) return tl::make_unexpected(*preview->refusal);
        if (!options.yes) {
            auto yes = context.ask().confirm(
                QStringLiteral("grant this (%1)?").arg(preview->scope),
                QStringLiteral("--yes grants it, `botbottle supervise reject` says no"));
            if (!yes) return tl::make_unexpected(yes.error());
            if (!*yes) return false;
        }
        auto status = apply_preview(context, proposal, *preview, options.note);
        if (!status && status.error().code == "policy_moved") {
            say(QStringLiteral("the %1 has changed meanwhile; this is the change now:").arg(what));
            continue;
        }
        if (!status) return tl::make_unexpected(status.error());
        if (proposal.tool == QLatin1String(kCapability)) {
            take_image(context, proposal, *status, options.later);
            return true;
        }
        say(is_held(proposal.tool)
                ? QStringLiteral("%1 is %2; %3").arg(proposal.id, *status, goes_on(proposal))
                : QStringLiteral(
                      "%1 is %2; `botbottle egress show %3` lists it, `egress revoke` ends it")
                      .arg(proposal.id, *status, proposal.identity));
        return true;
    }
}

}  // namespace botbottle::cli
