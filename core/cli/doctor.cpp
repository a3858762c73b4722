// botbottle doctor: proves the isolation by trying to break it, in a throw-away bottle on this
// machine.
#include <unistd.h>

#include <QJsonArray>

#include "bottles/installation.h"
#include "cli/bottle_session.h"
#include "cli/commands.h"
#include "cli/doctor_report.h"
#include "cli/doctor_targets.h"
#include "cli/messages.h"
#include "cli/output.h"

namespace botbottle::cli {
namespace {

constexpr int kAttemptsMs = 300'000;

// The programs that every bottle needs, beside this one.
void check_installation(DoctorReport& report) {
    for (const char* name : {"botbottle-warden", "botbottle-egress", "botbottle-relay",
                             "botbottle-session", "botbottle-probe"}) {
        const QString path = libexec_directory() + QLatin1Char('/') + QLatin1String(name);
        const bool there = access(path.toLocal8Bit().constData(), X_OK) == 0;
        if (!there)
            report.checks.append({QLatin1String(name), false, path + QStringLiteral(" is missing"),
                                  QStringLiteral("install botbottle again")});
    }
}

Result<QString> run_probe(BackendPlugin& backend, const Metadata& metadata,
                          const QStringList& targets) {
    const QString inside =
        metadata.guest.value(QLatin1String("home")).toString() + QStringLiteral("/botbottle-probe");
    QJsonObject copy = backend_request(metadata);
    copy[QStringLiteral("entries")] = QJsonArray{QJsonObject{
        {QStringLiteral("path"), inside},
        {QStringLiteral("type"), QStringLiteral("file")},
        {QStringLiteral("mode"), QStringLiteral("0755")},
        {QStringLiteral("source"), libexec_directory() + QStringLiteral("/botbottle-probe")}}};
    if (auto copied = backend.copy_in(copy); !copied) return tl::make_unexpected(copied.error());
    QJsonObject exec = backend_request(metadata);
    exec[QStringLiteral("argv")] = QJsonArray::fromStringList(QStringList{inside} + targets);
    exec[QStringLiteral("env")] = metadata.environment;
    exec[QStringLiteral("cwd")] = metadata.guest.value(QLatin1String("workspace"));
    exec[QStringLiteral("stdin")] = QString();
    exec[QStringLiteral("timeout_ms")] = kAttemptsMs;
    auto reply = backend.exec(exec);
    if (!reply) return tl::make_unexpected(reply.error());
    const QString errors = reply->value(QLatin1String("stderr")).toString();
    if (reply->value(QLatin1String("exit_code")).toInt(2) > 1)
        return failure("bad_probe_output", "the attempts inside the bottle did not run: " +
                                               errors.right(300).toStdString());
    return reply->value(QLatin1String("stdout")).toString();
}

Result<QList<DoctorAttempt>> attack(Context& context, BackendPlugin& backend) {
    if (auto made = context.home().make(); !made) return tl::make_unexpected(made.error());
    auto targets = DoctorTargets::open(context.home());
    if (!targets) return tl::make_unexpected(targets.error());
    LaunchRequest request;
    // What is launched does nothing: the attempts are executed beside it.
    request.command = {QStringLiteral("true")};
    request.label = QStringLiteral("doctor");
    request.working_directory = context.working_directory();
    auto plan = build_plan(request, context.plan_sources());
    if (!plan) return tl::make_unexpected(plan.error());
    auto launched = launch_plan(context, backend, *plan, Lifetime::ThrowAway);
    if (!launched) return tl::make_unexpected(launched.error());
    const Metadata& metadata = launched->bottle.metadata;
    auto output = run_probe(backend, metadata, targets->arguments());
    EndRequest end;
    end.identity = metadata.identity;
    auto ended = end_bottle(context.home(), backend, end);
    if (!output) return tl::make_unexpected(output.error());
    if (!ended) return tl::make_unexpected(ended.error());
    return parse_attempts(*output);
}

int print_report(const Context& context, const DoctorReport& report, bool every_attempt) {
    clear_progress();
    if (context.options().json)
        print_json(report_json(report));
    else
        print(report_text(report, every_attempt));
    if (!report.usable) return kNoBackend;
    return report.held() ? kDone : kFailed;
}

}  // namespace

int run_doctor(const GlobalOptions& global, const DoctorOptions& options) {
    auto made = Context::make(global, {options.backend});
    if (!made) return fail(made.error());
    Context& context = **made;
    auto backend = context.backend();
    if (!backend) return fail(backend.error(), kNoBackend);
    DoctorReport report;
    report.backend = (*backend)->descriptor().id;
    check_installation(report);
    auto probe = (*backend)->probe({{QStringLiteral("libexec_dir"), libexec_directory()}});
    if (!probe) return fail(probe.error(), kNoBackend);
    report.usable = probe->value(QLatin1String("usable")).toBool();
    report.checks += checks_from_probe(*probe);
    if (!report.usable) return print_report(context, report, options.attack);
    show_progress(QStringLiteral("trying to break out of a throw-away bottle"));
    auto attempts = attack(context, **backend);
    if (!attempts) {
        (void)print_report(context, report, options.attack);
        return fail(attempts.error());
    }
    report.attempts = std::move(*attempts);
    return print_report(context, report, options.attack);
}

}  // namespace botbottle::cli
