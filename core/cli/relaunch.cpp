#include "cli/relaunch.h"

#include <unistd.h>

#include <QElapsedTimer>
#include <QJsonArray>
#include <QThread>

#include "bottles/inventory.h"
#include "bottles/own_image.h"
#include "bottles/provisioning.h"
#include "bottles/session_environment.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/running_bottle.h"
#include "files/lock.h"
#include "plan/secrets.h"

namespace botbottle::cli {
namespace {

constexpr int kSessionMs = 10'000;
constexpr unsigned long kLookEveryMs = 50;

// What an agent is told that was stopped in the middle of something.
QString why_it_goes_on(const Metadata& metadata) {
    return QStringLiteral(
               "Your bottle was started again: it now runs the image of proposal %1. Workspace and "
               "conversation are as they were; what you had running is gone. Go on with the task.")
        .arg(own_image_proposal(metadata.state_dir));
}

// Everything but the image, which is why it is started again.
Result<void> unchanged(const Metadata& metadata, const Plan& plan) {
    QJsonObject before = metadata.plan;
    before[QStringLiteral("dockerfile")] = plan.dockerfile;
    const QStringList changes = plan_changes(before, plan_to_json(plan));
    if (changes.isEmpty()) return {};
    return failure("manifest_changed",
                   "more than its image has changed since it was started (" +
                       changes.join(QStringLiteral("; ")).toStdString() + ')',
                   "`botbottle stop " + metadata.identity.toStdString() +
                       "` and `botbottle resume` take all of it in");
}

// Those of the environment alone: credentials are the warden's, and stay there.
Result<std::map<std::string, Secret>> session_secrets(Context& context, Plan plan) {
    plan.credential_slots.clear();
    auto secrets = resolve_secrets(plan, context.plan_sources().variables,
                                   [&context](const QString& name, const QString& prompt) {
                                       return context.ask().secret(name, prompt);
                                   });
    if (!secrets) return tl::make_unexpected(secrets.error());
    return std::move(secrets->env);
}

bool has_main_session(Context& context, const QString& identity) {
    const Inventory inventory = take_inventory(context.home(), context.plugins());
    const InventoryItem* item = inventory.find(identity);
    return item != nullptr && find_session(item->sessions, QLatin1String(kMainSession)).has_value();
}

// Its launcher's, which has waited for the end of what ran before.
bool await_main_session(Context& context, const QString& identity) {
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < kSessionMs) {
        if (has_main_session(context, identity)) return true;
        QThread::msleep(kLookEveryMs);
    }
    return false;
}

// It did not come. When it does, it finds that the session is another's.
Result<void> relieve_launcher(Context& context, const Metadata& now) {
    auto lock = files::FileLock::acquire(context.home().lock_file(now.identity).toStdString());
    if (!lock) return tl::make_unexpected(lock.error());
    auto metadata = load_metadata(context.home(), now.identity);
    if (!metadata) return tl::make_unexpected(metadata.error());
    if (metadata->generation != now.generation || metadata->phase != BottlePhase::Running)
        return failure("not_running", now.identity.toStdString() + " has ended meanwhile");
    metadata->launcher = ProcessReference::of(getpid());
    return save_metadata(*metadata);
}

}  // namespace

Result<Plan> plan_again(Context& context, const Metadata& metadata, const QStringList& arguments,
                        const std::optional<QString>& headless_prompt, bool only_shown) {
    const QJsonObject before = metadata.plan;
    LaunchRequest request;
    request.agent = metadata.agent;
    request.arguments = arguments;
    if (request.arguments.isEmpty()) {
        for (const auto& argument : before.value(QLatin1String("arguments")).toArray())
            request.arguments.append(argument.toString());
    }
    request.headless_prompt = headless_prompt;
    request.label = metadata.label;
    request.working_directory = metadata.working_directory;
    request.copy_working_directory =
        before.value(QLatin1String("workspace")).toObject().value(QLatin1String("copied")).toBool();
    request.only_shown = only_shown;
    auto plan = build_plan(request, context.plan_sources());
    if (const QString own = own_dockerfile(metadata.state_dir); plan && !own.isEmpty())
        plan->dockerfile = own;
    if (plan) plan->backend = metadata.backend;
    return plan;
}

Result<SessionRequest> session_again(Context& context, Plan plan, const Metadata& before,
                                     QJsonObject environment, const Metadata& now) {
    auto guest = guest_from_json(now.guest);
    if (!guest) return tl::make_unexpected(guest.error());
    plan.guest = *std::move(guest);
    const QString why = why_it_goes_on(now);
    if (plan.headless) plan.headless_prompt = why;
    auto argv = command_line(plan, context.plugins(), prompt_file(plan), true, why);
    if (!argv) return tl::make_unexpected(argv.error());
    // Its secrets are what was added to what is written down.
    for (const QString& name : before.environment.keys())
        environment.remove(name);
    SessionRequest session;
    session.argv = *std::move(argv);
    session.environment = now.environment;
    for (auto entry = environment.begin(); entry != environment.end(); ++entry)
        session.environment.insert(entry.key(), entry.value());
    session.name = QLatin1String(kMainSession);
    session.headless = plan.headless;
    return session;
}

Result<void> relaunch(Context& context, const QString& identity) {
    auto running = find_running(context, identity);
    if (!running) return tl::make_unexpected(running.error());
    const Metadata& before = running->item.metadata;
    if (before.agent.isEmpty())
        return failure("usage", identity.toStdString() + " runs a command, no agent",
                       "its image is taken in when the command is started again");
    context.work_in(before.working_directory);
    std::optional<QString> headless_prompt;
    if (before.plan.value(QLatin1String("headless")).toBool())
        headless_prompt = before.plan.value(QLatin1String("headless_prompt")).toString();
    auto plan = plan_again(context, before, {}, headless_prompt, true);
    if (!plan) return tl::make_unexpected(plan.error());
    if (auto same = unchanged(before, *plan); !same) return same;
    const bool awaited = before.launcher.alive();
    auto secrets =
        awaited ? Result<std::map<std::string, Secret>>() : session_secrets(context, *plan);
    if (!secrets) return tl::make_unexpected(secrets.error());
    auto launched = relaunch_bottle(
        {context.home(), context.plan_sources(), *running->backend, launch_events()}, *plan,
        identity, before.generation);
    clear_progress();
    if (!launched) return tl::make_unexpected(launched.error());
    const Metadata& now = launched->metadata;
    if (awaited) {
        if (await_main_session(context, identity)) return {};
        if (auto relieved = relieve_launcher(context, now); !relieved) return relieved;
        secrets = session_secrets(context, *plan);
        if (!secrets) return tl::make_unexpected(secrets.error());
    }
    auto session = session_again(context, launched->plan, before, {}, now);
    if (!session) return tl::make_unexpected(session.error());
    session->environment = with_secrets(session->environment, *secrets);
    session->headless = false;
    return leave_in_bottle(context, *running->backend, now, *session);
}

}  // namespace botbottle::cli
