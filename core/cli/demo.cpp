// botbottle demo: a real bottle with a real policy, played against an upstream of its own on this
// machine.
#include <QJsonArray>
#include <QJsonDocument>

#include "cli/audit_line.h"
#include "cli/bottle_session.h"
#include "cli/commands.h"
#include "cli/demo_script.h"
#include "cli/demo_stage.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "files/atomic_file.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

constexpr int kStepMs = 60'000;
constexpr qsizetype kMostOutputLines = 4;
constexpr qsizetype kLongestLine = 140;

void show_output(const QString& output) {
    const QStringList lines = output.trimmed().split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    for (QString line : lines.first(std::min<qsizetype>(lines.size(), kMostOutputLines))) {
        if (line.size() > kLongestLine) line = line.left(kLongestLine) + QStringLiteral("…");
        print_line(styled(QStringLiteral("     ") + visible(line), Style::Dim));
    }
    if (lines.size() > kMostOutputLines)
        print_line(QStringLiteral("     … %1 lines more").arg(lines.size() - kMostOutputLines));
}

Result<DemoEvidence> try_step(BackendPlugin& backend, const Metadata& metadata, DemoStage& stage,
                              const DemoStep& step) {
    QJsonObject exec = backend_request(metadata);
    exec[QStringLiteral("argv")] =
        QJsonArray{QStringLiteral("/bin/sh"), QStringLiteral("-c"), step.command};
    exec[QStringLiteral("env")] = metadata.environment;
    exec[QStringLiteral("cwd")] = metadata.guest.value(QLatin1String("workspace"));
    exec[QStringLiteral("stdin")] = QString();
    exec[QStringLiteral("timeout_ms")] = kStepMs;
    auto reply = backend.exec(exec);
    if (!reply) return tl::make_unexpected(reply.error());
    DemoEvidence evidence;
    evidence.exit_code = reply->value(QLatin1String("exit_code")).toInt(-1);
    evidence.output = reply->value(QLatin1String("stdout")).toString();
    if (!evidence.output.isEmpty() && !evidence.output.endsWith(QLatin1Char('\n')))
        evidence.output += QLatin1Char('\n');
    evidence.output += reply->value(QLatin1String("stderr")).toString();
    evidence.requests = stage.seen();
    evidence.token = stage.token();
    return evidence;
}

// Whether every step showed what it claims.
bool play(BackendPlugin& backend, const Metadata& metadata, DemoStage& stage) {
    int number = 0;
    bool good = true;
    for (const DemoStep& step : demo_script()) {
        print_line(QStringLiteral("\n%1  %2").arg(++number).arg(styled(step.title, Style::Bold)));
        print_line(QStringLiteral("   $ ") + step.command);
        auto evidence = try_step(backend, metadata, stage, step);
        Result<QString> verdict = evidence ? step.judge(*evidence)
                                           : Result<QString>(tl::make_unexpected(evidence.error()));
        if (evidence && step.show_output) show_output(evidence->output);
        good = good && verdict.has_value();
        if (verdict)
            print_line(QStringLiteral("   %1 %2")
                           .arg(styled(QStringLiteral("✓"), Style::Green), *verdict));
        else
            print_line(QStringLiteral("   %1 %2")
                           .arg(styled(QStringLiteral("✗"), Style::Red),
                                QString::fromStdString(verdict.error().message)));
    }
    return good;
}

// The record, as `botbottle logs` shows it. It must know of what was allowed and of what was not,
// and not know the credential.
bool show_record(const Context& context, const Metadata& metadata, const QString& token) {
    const auto record =
        files::read_file(context.home().audit_file(metadata.identity).toStdString());
    print_line(QStringLiteral("\n%1").arg(styled(
        QStringLiteral("The record (botbottle logs %1)").arg(metadata.identity), Style::Bold)));
    if (!record) {
        print_line(QString::fromStdString(record.error().message));
        return false;
    }
    AuditView view(false);
    for (const QByteArray& line : QByteArray::fromStdString(*record).split('\n')) {
        if (line.isEmpty()) continue;
        for (const QString& text : view.add(QJsonDocument::fromJson(line).object()))
            print_line(QStringLiteral("   ") + text);
    }
    const auto has = [&record](const std::string& text) {
        return record->find(text) != std::string::npos;
    };
    return has("\"allowed\"") && has("\"denied\"") && !has(token.toStdString());
}

int demonstrate(Context& context, DemoStage& stage) {
    LaunchRequest request;
    request.bottle = QLatin1String(DemoStage::kBottle);
    request.command = {QStringLiteral("true")};
    request.working_directory = context.working_directory();
    auto plan = build_plan(request, context.plan_sources());
    if (!plan) return fail(plan.error());
    auto backend = context.backend();
    if (!backend) return fail(backend.error(), kNoBackend);
    auto launched = launch_plan(context, **backend, *plan, Lifetime::ThrowAway);
    if (!launched) return fail(launched.error(), kFailed);
    const Metadata& metadata = launched->bottle.metadata;

    print_line(styled(
        QStringLiteral("botbottle: what a bottle does, shown on this machine without any account"),
        Style::Bold));
    print_line(QStringLiteral("   bottle    %1 (%2), one route: %3 [Bearer from $%4]")
                   .arg(metadata.identity, metadata.backend, QLatin1String(DemoStage::kHost),
                        QLatin1String(DemoStage::kTokenVariable)));
    print_line(QStringLiteral("   upstream  %1, played behind a proxy on 127.0.0.1:%2")
                   .arg(QLatin1String(DemoStage::kHost))
                   .arg(stage.port()));
    print_line(QStringLiteral("   home      %1, removed at the end").arg(stage.home()));
    const bool steps_held = play(**backend, metadata, stage);
    const bool record_held = show_record(context, metadata, stage.token());

    EndRequest end;
    end.identity = metadata.identity;
    auto ended = end_bottle(context.home(), **backend, end);
    if (!ended) return fail(ended.error());
    for (const QString& note : ended->notes)
        warn(note);
    if (!steps_held || !record_held)
        return fail({"demo_failed", "not everything went as a bottle promises",
                     "`botbottle doctor` looks closer"});
    print_line(QStringLiteral(
        "\nEvery step did what it claims. Next: `botbottle doctor --attack` tries to break out."));
    return kDone;
}

}  // namespace

int run_demo(const GlobalOptions& global, const std::optional<QString>& backend) {
    auto stage = DemoStage::open();
    if (!stage) return fail(stage.error());
    auto context = Context::make(global, {backend});
    if (!context) return fail(context.error());
    return demonstrate(**context, **stage);
}

}  // namespace botbottle::cli
