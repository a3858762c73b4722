#include "bottles/launch.h"

#include <unistd.h>

#include <QElapsedTimer>
#include <QJsonArray>
#include <future>
#include <optional>

#include "bottles/bring_out.h"
#include "bottles/fault.h"
#include "bottles/identity.h"
#include "bottles/installation.h"
#include "bottles/interrupt.h"
#include "bottles/own_image.h"
#include "bottles/program_path.h"
#include "bottles/provisioning.h"
#include "bottles/records.h"
#include "bottles/runtime_owner.h"
#include "bottles/session_environment.h"
#include "bottles/trust_bundle.h"
#include "bottles/undo_stack.h"
#include "bottles/warden_process.h"
#include "bottles/workspace.h"
#include "files/atomic_file.h"
#include "files/lock.h"
#include "files/private_directory.h"
#include "files/runtime_directory.h"
#include "files/tree_removal.h"
#include "plan/git_gate.h"
#include "plan/policy.h"

namespace botbottle {
namespace {

constexpr int kWardenStartMs = 15'000;
constexpr int kWardenCallMs = 10'000;
constexpr int kProvisioningMs = 120'000;
constexpr int kRelaunchGraceMs = 5'000;

class Launch {
  public:
    Launch(const LaunchParts& parts, const Plan& plan, WardenSecrets secrets)
        : parts_(parts), plan_(plan), secrets_(std::move(secrets)) {}

    Result<LaunchedBottle> run(Lifetime lifetime);
    Result<LaunchedBottle> resume(const QString& identity);
    Result<LaunchedBottle> relaunch(const QString& identity, int generation);

  private:
    struct Phase {
        const char* name;
        Result<void> (Launch::*run)();
    };
    Result<LaunchedBottle> run_phases(const char* command, std::initializer_list<Phase> phases);
    // The phases of a launch, in order.
    Result<LaunchedBottle> run_all();
    Result<void> make_directories();
    Result<void> begin(const QString& identity);
    Result<void> begin_again(const QString& identity);
    Result<void> make_sockets_directory();
    Result<void> start_warden_process();
    Result<void> prepare();
    Result<void> plan_for_guest();
    Result<void> hand_over_policy();
    Result<void> copy_workspace();
    Result<void> launch_backend();
    Result<void> await_warden();
    Result<void> watch_bottle();
    Result<void> provision();
    Result<void> settle();
    // Those of a relaunch, in place of the first ones.
    Result<void> take_over();
    Result<void> bring_out();
    Result<void> end_what_runs();
    Result<void> tell_of_image();

    Result<void> save() const {
        return save_metadata(metadata_, files::Durability::kSurvivesProcess);
    }
    Result<void> add_program(QJsonObject& request) const;
    Result<QJsonObject> run_inside(const ProvisioningStep& step);
    tl::unexpected<Error> unwind(const char* phase, Error error);
    void tell(const std::function<void(const QString&)>& event, const QString& message) const {
        if (event) event(message);
    }

    const LaunchParts& parts_;
    Plan plan_;
    WardenSecrets secrets_;
    Metadata metadata_;
    UndoStack undo_;
    std::optional<files::FileLock> lock_;
    std::optional<WardenConnection> warden_;
    bool warden_watches_ = false;
    std::optional<Metadata> preserved_;  // what is resumed
    ProcessReference launcher_;          // whose command waits for the bottle's end
    std::optional<files::Owner> owner_;
    bool rebuilds_image_ = false;
    QString workspace_source_;    // set when the workspace must be copied in
    files::TreeSnapshot source_;  // what was copied
    QString authority_;
    std::future<Result<Trusted>> roots_;  // read while backend and warden start
};

Result<LaunchedBottle> Launch::run(Lifetime lifetime) {
    metadata_.lifetime = lifetime;
    return run_all();
}

Result<LaunchedBottle> Launch::resume(const QString& identity) {
    metadata_.identity = identity;
    preserved_.emplace();
    return run_all();
}

Result<LaunchedBottle> Launch::relaunch(const QString& identity, int generation) {
    metadata_.identity = identity;
    metadata_.generation = generation;
    return run_phases("relaunch", {
                                      {"take-over", &Launch::take_over},
                                      {"bring-out", &Launch::bring_out},
                                      {"end", &Launch::end_what_runs},
                                      {"prepare", &Launch::prepare},
                                      {"provider", &Launch::plan_for_guest},
                                      {"launch", &Launch::launch_backend},
                                      {"watch", &Launch::watch_bottle},
                                      {"image", &Launch::tell_of_image},
                                      {"provision", &Launch::provision},
                                      {"settle", &Launch::settle},
                                  });
}

Result<LaunchedBottle> Launch::run_all() {
    return run_phases("start", {
                                   {"directories", &Launch::make_directories},
                                   {"warden-spawn", &Launch::start_warden_process},
                                   {"prepare", &Launch::prepare},
                                   {"provider", &Launch::plan_for_guest},
                                   {"policy", &Launch::hand_over_policy},
                                   {"workspace", &Launch::copy_workspace},
                                   {"launch", &Launch::launch_backend},
                                   {"warden", &Launch::await_warden},
                                   {"watch", &Launch::watch_bottle},
                                   {"provision", &Launch::provision},
                                   {"settle", &Launch::settle},
                               });
}

Result<LaunchedBottle> Launch::run_phases(const char* command,
                                          std::initializer_list<Phase> phases) {
    for (const Phase& phase : phases) {
        QElapsedTimer timer;
        timer.start();
        auto done = interrupted() ? Result<void>(interrupted_failure()) : (this->*phase.run)();
        if (!done) return unwind(phase.name, done.error());
        fault_point(std::string(command) + '.' + phase.name);
        if (parts_.events.phase_done)
            parts_.events.phase_done(QLatin1String(phase.name),
                                     static_cast<double>(timer.nsecsElapsed()) / 1e6);
    }
    undo_.commit();
    return LaunchedBottle{std::move(metadata_), std::move(plan_)};
}

tl::unexpected<Error> Launch::unwind(const char* phase, Error error) {
    // What the operator stopped is not called a failure of whatever was going on.
    if (interrupted()) error = interrupted_failure().value();
    const TidyingUp tidying;
    for (const std::string& note : undo_.unwind())
        tell(parts_.events.note, QString::fromStdString(note));
    if (error.code != "interrupted") error.message = std::string(phase) + ": " + error.message;
    return tl::make_unexpected(std::move(error));
}

Result<void> Launch::make_directories() {
    const Home& home = parts_.home;
    if (auto made = home.make(); !made) return made;
    const QString identity = preserved_ ? metadata_.identity : new_identity(plan_.identity_base);
    auto lock = files::FileLock::acquire(home.lock_file(identity).toStdString());
    if (!lock) return tl::make_unexpected(lock.error());
    lock_ = std::move(*lock);
    if (auto begun = preserved_ ? begin_again(identity) : begin(identity); !begun) return begun;

    metadata_.bottle = plan_.bottle;
    metadata_.provider = plan_.provider ? plan_.provider->id : QString();
    metadata_.backend = parts_.backend.descriptor().id;
    metadata_.working_directory = plan_.working_directory;
    metadata_.launcher = launcher_ = ProcessReference::of(getpid());
    return make_sockets_directory();
}

Result<void> Launch::begin(const QString& identity) {
    undo_.add("taking the lock", [this]() -> Result<void> {
        std::move(*lock_).release_and_remove();
        return {};
    });
    undo_.add("opening its records", [this, identity]() -> Result<void> {
        remove_empty_log(parts_.home, identity);
        remove_idle_record(parts_.home, identity);
        return {};
    });
    metadata_.identity = identity;
    metadata_.created = QDateTime::currentDateTimeUtc();
    metadata_.agent = plan_.agent;
    metadata_.label = plan_.label;
    metadata_.state_dir = parts_.home.state(identity);
    const std::string state = metadata_.state_dir.toStdString();
    undo_.add("making the state directory", [state] { return files::remove_tree(state); });
    return files::make_private_directory(state);
}

// Looked at again under the lock: another command may have resumed or removed it meanwhile.
Result<void> Launch::begin_again(const QString& identity) {
    auto found = load_metadata(parts_.home, identity);
    if (!found) return tl::make_unexpected(found.error());
    if (found->phase != BottlePhase::Preserved)
        return failure("not_preserved", identity.toStdString() + " is not preserved any more");
    preserved_ = metadata_ = std::move(*found);
    undo_.add("resuming it", [this] { return save_metadata(*preserved_); });
    metadata_.phase = BottlePhase::Launching;
    metadata_.resumed = true;
    metadata_.generation += 1;
    metadata_.exit_code.reset();
    metadata_.brought_out = false;
    return {};
}

// From here on the warden ends with this command, until it watches the next one.
Result<void> Launch::take_over() {
    auto lock = files::FileLock::acquire(parts_.home.lock_file(metadata_.identity).toStdString());
    if (!lock) return tl::make_unexpected(lock.error());
    lock_ = std::move(*lock);
    auto found = load_metadata(parts_.home, metadata_.identity);
    if (!found) return tl::make_unexpected(found.error());
    if (found->phase != BottlePhase::Running || found->generation != metadata_.generation ||
        !found->inside.alive())
        return failure("not_running", metadata_.identity.toStdString() + " does not run any more");
    metadata_ = std::move(*found);
    launcher_ = metadata_.launcher;
    auto warden = WardenConnection::open(metadata_.runtime_dir);
    if (!warden) return tl::make_unexpected(warden.error());
    warden_ = std::move(*warden);
    auto released = warden_->call(QStringLiteral("bottle.release"), {}, kWardenCallMs);
    if (!released) return tl::make_unexpected(released.error());
    authority_ = released->value(QLatin1String("ca_certificate")).toString();
    // Until it is ended it goes on as if nothing had been.
    undo_.add("taking the bottle over",
              [this] { return preserved_ ? Result<void>() : watch_bottle(); });
    return {};
}

Result<void> Launch::bring_out() {
    auto notes = bring_workspace_out(parts_.backend, metadata_);
    if (!notes) return tl::make_unexpected(notes.error());
    for (const QString& note : *notes)
        tell(parts_.events.note, note);
    return bring_conversation_out(parts_.backend, metadata_);
}

Result<void> Launch::end_what_runs() {
    QJsonObject stop = backend_request(metadata_);
    stop[QStringLiteral("grace_ms")] = kRelaunchGraceMs;
    auto stopped = parts_.backend.stop(stop);
    if (metadata_.inside.alive()) {
        if (!stopped) return tl::make_unexpected(stopped.error());
        return failure("still_running", "its first process still runs");
    }
    preserved_ = metadata_;
    preserved_->phase = BottlePhase::Preserved;
    preserved_->preserved_because =
        QStringLiteral("its next start is with the image that was approved");
    preserved_->launcher = preserved_->warden = preserved_->inside = {};
    undo_.add("ending what ran", [this]() -> Result<void> {
        (void)warden_->send(QStringLiteral("stop"), {{QStringLiteral("grace_ms"), 0}});
        warden_->hang_up();
        (void)warden_->wait_for_end(kWardenCallMs);
        (void)files::remove_tree(metadata_.runtime_dir.toStdString());
        return save_metadata(*preserved_);
    });
    metadata_.phase = BottlePhase::Launching;
    metadata_.resumed = true;
    metadata_.generation += 1;
    metadata_.launcher = ProcessReference::of(getpid());
    metadata_.inside = {};
    return save();
}

// The agent may ask for yet another one.
Result<void> Launch::tell_of_image() {
    if (!plan_.supervise) return {};
    auto text = dockerfile_text(metadata_);
    if (!text) return tl::make_unexpected(text.error());
    auto told = warden_->call(QStringLiteral("image.replace"),
                              {{QStringLiteral("dockerfile"), *text}}, kWardenCallMs);
    if (!told) return tl::make_unexpected(told.error());
    return {};
}

Result<void> Launch::make_sockets_directory() {
    auto runtime = files::make_runtime_directory(metadata_.identity.toStdString());
    if (!runtime) return tl::make_unexpected(runtime.error());
    undo_.add("making the runtime directory",
              [path = *runtime] { return files::remove_tree(path); });
    metadata_.runtime_dir = QString::fromStdString(*runtime);
    if (auto is_signed = sign_runtime_directory(metadata_.runtime_dir, metadata_.state_dir);
        !is_signed)
        return is_signed;
    if (auto made = files::make_private_directory(*runtime + "/sockets"); !made) return made;
    return save();
}

// Early, so that the programs are loaded while the backend prepares. Until it has a policy the
// warden opens nothing.
Result<void> Launch::start_warden_process() {
    auto warden = start_warden(parts_.home.log_file(metadata_.identity));
    if (!warden) return tl::make_unexpected(warden.error());
    warden_ = std::move(*warden);
    undo_.add("starting the warden", [this]() -> Result<void> {
        // Until it watches a bottle it ends when we hang up; afterwards it wants to be told.
        if (warden_watches_)
            (void)warden_->send(QStringLiteral("stop"), {{QStringLiteral("grace_ms"), 0}});
        warden_->hang_up();
        return warden_->wait_for_end(kWardenCallMs);
    });
    return {};
}

// Where the bottle's programs come from: this host, or an image.
Result<void> Launch::add_program(QJsonObject& request) const {
    const bool from_image = parts_.backend.descriptor().programs_from_image;
    if (!plan_.dockerfile.isEmpty() && !from_image)
        return failure("no_images",
                       "agent_provider.dockerfile: the backend " +
                           parts_.backend.descriptor().id.toStdString() +
                           " makes no images, its bottles run this machine's programs",
                       "leave the key out, or start the bottle with --backend docker");
    request[QStringLiteral("command")] = QJsonValue();
    request[QStringLiteral("image")] =
        QJsonObject{{QStringLiteral("dockerfile"),
                     plan_.dockerfile.isEmpty() ? QJsonValue() : QJsonValue(plan_.dockerfile)},
                    {QStringLiteral("provider"),
                     plan_.provider ? QJsonValue(plan_.provider->id) : QJsonValue()}};
    if (!plan_.provider || from_image) return {};
    auto path = program_path(plan_.provider->command);
    if (!path) return tl::make_unexpected(path.error());
    request[QStringLiteral("command")] = QJsonObject{
        {QStringLiteral("name"), plan_.provider->command}, {QStringLiteral("path"), *path}};
    return {};
}

Result<void> Launch::prepare() {
    QJsonObject request = backend_request(metadata_);
    request.remove(QStringLiteral("handle"));
    QJsonObject limits;
    const Resources& wanted = plan_.resources;
    if (wanted.cpus) limits[QStringLiteral("cpus")] = *wanted.cpus;
    if (wanted.memory_bytes) limits[QStringLiteral("memory")] = *wanted.memory_bytes;
    if (wanted.pids) limits[QStringLiteral("pids")] = *wanted.pids;
    if (wanted.disk_bytes) limits[QStringLiteral("disk")] = *wanted.disk_bytes;
    request[QStringLiteral("limits")] = limits;
    request[QStringLiteral("cache_dir")] = parts_.home.cache();
    if (auto added = add_program(request); !added) return added;
    auto reply = parts_.backend.prepare(request);
    if (!reply) return tl::make_unexpected(reply.error());
    metadata_.handle = reply->value(QLatin1String("handle")).toObject();
    // What is resumed was there before, and stays.
    undo_.add("preparing the backend", [this]() -> Result<void> {
        if (preserved_) return {};
        auto removed = parts_.backend.remove(backend_request(metadata_));
        if (!removed) return tl::make_unexpected(removed.error());
        return {};
    });
    auto guest = guest_from_json(reply->value(QLatin1String("guest")).toObject());
    if (!guest) return tl::make_unexpected(guest.error());
    plan_.guest = *guest;
    rebuilds_image_ = parts_.backend.descriptor().rebuilds_image &&
                      reply->value(QLatin1String("rebuilds_image")).toBool(true);
    const QJsonObject owner = reply->value(QLatin1String("owner")).toObject();
    if (!owner.isEmpty())
        owner_ = files::Owner{static_cast<uid_t>(owner.value(QLatin1String("uid")).toInteger()),
                              static_cast<gid_t>(owner.value(QLatin1String("gid")).toInteger())};
    const QJsonObject host_paths = reply->value(QLatin1String("host_paths")).toObject();
    metadata_.workspace = host_paths.value(QLatin1String("workspace")).toString();
    metadata_.home_inside = !host_paths.contains(QLatin1String("home"));
    metadata_.workspace_inside = metadata_.workspace.isEmpty();
    if (metadata_.workspace_inside) {
        metadata_.workspace = metadata_.state_dir + QStringLiteral("/workspace");
        if (preserved_) workspace_source_ = metadata_.workspace;
    }
    for (const auto& warning : reply->value(QLatin1String("warnings")).toArray())
        tell(parts_.events.warning, warning.toString());
    return {};
}

// A provider's files name places in the guest, which are known only now. A bare command has none.
Result<void> Launch::plan_for_guest() {
    if (plan_.provider) {
        const QString state = metadata_.state_dir + QStringLiteral("/provider");
        if (auto made = files::make_private_directory(state.toStdString()); !made) return made;
        auto plan = replan(plan_, parts_.sources, plan_.guest, state);
        if (!plan) return tl::make_unexpected(plan.error());
        plan_ = std::move(*plan);
    }
    metadata_.guest = guest_to_json(plan_.guest);
    metadata_.plan = plan_to_json(plan_);
    metadata_.environment = session_environment(plan_);
    return save();
}

Result<void> Launch::hand_over_policy() {
    QJsonObject params = {
        {QStringLiteral("schema"), QStringLiteral("botbottle.warden/1")},
        {QStringLiteral("identity"), metadata_.identity},
        {QStringLiteral("runtime_dir"), metadata_.runtime_dir},
        {QStringLiteral("audit_file"), parts_.home.audit_file(metadata_.identity)},
        {QStringLiteral("libexec_dir"), libexec_directory()},
        {QStringLiteral("owner"), QJsonValue()},
        {QStringLiteral("policy"), policy_document(plan_, 1)},
    };
    if (plan_.supervise) {
        const QString queue = parts_.home.queue(metadata_.identity);
        if (auto made = files::make_private_directory(queue.toStdString()); !made) return made;
        if (!preserved_)
            undo_.add("making the queue",
                      [path = queue.toStdString()] { return files::remove_tree(path); });
        QJsonValue dockerfile;
        if (rebuilds_image_) {
            if (auto text = dockerfile_text(metadata_)) dockerfile = *text;
        }
        params[QStringLiteral("supervise")] = QJsonObject{
            {QStringLiteral("queue_dir"), queue},
            {QStringLiteral("response_timeout_s"), plan_.supervise->response_timeout_seconds},
            {QStringLiteral("expiry_s"), plan_.supervise->expiry_seconds},
            {QStringLiteral("dockerfile"), dockerfile}};
    }
    const QJsonArray files = credential_files(plan_);
    if (!files.isEmpty()) params[QStringLiteral("credential_files")] = files;
    if (owner_)
        params[QStringLiteral("owner")] =
            QJsonObject{{QStringLiteral("uid"), static_cast<qint64>(owner_->uid)},
                        {QStringLiteral("gid"), static_cast<qint64>(owner_->gid)}};
    if (!plan_.repos.isEmpty())
        params[QStringLiteral("git_gate")] =
            git_gate_document(plan_, metadata_.state_dir + QStringLiteral("/git"));
    auto sent = warden_->send_start(params, secrets_.credentials, secrets_.git_keys);
    secrets_ = {};
    return sent;
}

Result<void> Launch::copy_workspace() {
    if (preserved_) return {};
    // What the agent does in the bottle comes here when it ends, also when it began with nothing.
    if (metadata_.workspace_inside) {
        const std::string copy = metadata_.workspace.toStdString();
        if (auto made = files::make_private_directory(copy); !made) return made;
    }
    if (!plan_.copy_working_directory || plan_.workspace.mode == WorkspaceManifest::Mode::None)
        return {};
    if (metadata_.workspace_inside) workspace_source_ = metadata_.workspace;
    WorkspaceCopy copy;
    copy.source = plan_.working_directory;
    copy.target = metadata_.workspace;
    copy.exclude = plan_.workspace.exclude;
    copy.never_enter = {parts_.home.path(), QString::fromStdString(files::runtime_root())};
    // Only root can give files away, and only then do they not belong to the right user already.
    if (geteuid() == 0) copy.owner = owner_;
    auto copied = copy_workspace_in(copy, parts_.events.progress);
    if (!copied) return tl::make_unexpected(copied.error());
    for (const QString& note : copied->notes)
        tell(parts_.events.note, note);
    source_ = std::move(copied->source);
    return {};
}

Result<void> Launch::launch_backend() {
    QJsonObject request = backend_request(metadata_);
    request[QStringLiteral("sockets_dir")] = metadata_.runtime_dir + QStringLiteral("/sockets");
    request[QStringLiteral("hostname")] = QStringLiteral("bottle");
    QJsonArray forwards{QJsonObject{{QStringLiteral("port"), kProxyPort},
                                    {QStringLiteral("socket"), QStringLiteral("egress.sock")}}};
    if (plan_.supervise)
        forwards.append(QJsonObject{{QStringLiteral("port"), kSupervisePort},
                                    {QStringLiteral("socket"), QStringLiteral("mcp.sock")}});
    if (!plan_.repos.isEmpty())
        forwards += QJsonObject{{QStringLiteral("port"), kGitPort},
                                {QStringLiteral("socket"), QStringLiteral("git.sock")}};
    request[QStringLiteral("forwards")] = forwards;
    // Before it is tried: a launch that fails or is cancelled may leave something that is still
    // ending.
    undo_.add("launching the bottle", [this]() -> Result<void> {
        QJsonObject stop = backend_request(metadata_);
        stop[QStringLiteral("grace_ms")] = 0;
        auto stopped = parts_.backend.stop(stop);
        if (!stopped) return tl::make_unexpected(stopped.error());
        return {};
    });
    roots_ = std::async(std::launch::async, system_roots);
    auto reply = parts_.backend.launch(request);
    if (!reply) return tl::make_unexpected(reply.error());
    metadata_.handle = reply->value(QLatin1String("handle")).toObject();
    metadata_.inside = ProcessReference::from_json(*reply);
    return save();
}

Result<void> Launch::await_warden() {
    auto reply = warden_->receive(kWardenStartMs);
    if (!reply) return tl::make_unexpected(reply.error());
    authority_ = reply->value(QLatin1String("ca_certificate")).toString();
    metadata_.warden = ProcessReference::of(reply->value(QLatin1String("pid")).toInteger());
    return {};
}

// From here on the warden lives as long as the bottle, whatever becomes of this command.
Result<void> Launch::watch_bottle() {
    if (metadata_.inside.pid == 0) return {};
    auto watching =
        warden_->call(QStringLiteral("bottle.watch"), metadata_.inside.to_json(), kWardenCallMs);
    if (!watching) return tl::make_unexpected(watching.error());
    warden_watches_ = true;
    return {};
}

Result<QJsonObject> Launch::run_inside(const ProvisioningStep& step) {
    QJsonObject request = backend_request(metadata_);
    if (step.copies()) {
        request[QStringLiteral("entries")] = step.entries;
        return parts_.backend.copy_in(request);
    }
    request[QStringLiteral("argv")] = QJsonArray::fromStringList(step.command);
    request[QStringLiteral("env")] = metadata_.environment;
    request[QStringLiteral("cwd")] = plan_.guest.home;
    request[QStringLiteral("stdin")] = QString();
    request[QStringLiteral("timeout_ms")] = kProvisioningMs;
    auto reply = parts_.backend.exec(request);
    if (!reply || reply->value(QLatin1String("exit_code")).toInt(-1) == 0) return reply;
    QString output = reply->value(QLatin1String("stderr")).toString().trimmed();
    if (output.isEmpty()) output = reply->value(QLatin1String("stdout")).toString().trimmed();
    return failure("provisioning_failed",
                   "`" + step.command.join(QLatin1Char(' ')).toStdString() +
                       "` failed in the bottle: " + output.right(500).toStdString());
}

Result<void> Launch::provision() {
    auto roots = roots_.get();
    if (!roots) return tl::make_unexpected(roots.error());
    auto trust = write_trust_files(metadata_.state_dir, std::move(*roots), authority_);
    if (!trust) return tl::make_unexpected(trust.error());
    const auto conversation = preserved_ ? kept_conversation(metadata_) : QList<KeptConversation>();
    for (const ProvisioningStep& step :
         provisioning_steps(plan_, {authority_, *trust, workspace_source_, conversation})) {
        if (interrupted()) return interrupted_failure();
        auto done = run_inside(step);
        if (!done)
            return failure(done.error().code, step.what.toStdString() + ": " + done.error().message,
                           done.error().hint);
    }
    return {};
}

Result<void> Launch::settle() {
    metadata_.phase = BottlePhase::Running;
    // A command that still waits for the bottle's end goes on with it.
    if (launcher_.alive()) metadata_.launcher = launcher_;
    if (!preserved_ && !metadata_.workspace.isEmpty() &&
        metadata_.lifetime != Lifetime::ThrowAway) {
        if (auto taken = remember_workspace(metadata_, source_); !taken) return taken;
    }
    return save_metadata(metadata_);
}

}  // namespace

Result<LaunchedBottle> launch_bottle(const LaunchParts& parts, const Plan& plan,
                                     WardenSecrets secrets, Lifetime lifetime) {
    return Launch(parts, plan, std::move(secrets)).run(lifetime);
}

Result<LaunchedBottle> resume_bottle(const LaunchParts& parts, const Plan& plan,
                                     WardenSecrets secrets, const QString& identity) {
    return Launch(parts, plan, std::move(secrets)).resume(identity);
}

Result<LaunchedBottle> relaunch_bottle(const LaunchParts& parts, const Plan& plan,
                                       const QString& identity, int generation) {
    return Launch(parts, plan, {}).relaunch(identity, generation);
}

}  // namespace botbottle
