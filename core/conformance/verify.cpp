#include "conformance/verify.h"

#include <QFileInfo>
#include <algorithm>
#include <chrono>

#include "conformance/checks.h"
#include "conformance/isolated.h"
#include "plugins/crash_note.h"

namespace botbottle::conformance {
namespace {

// Longer than the host's patience with one call, so that the finding can name the call.
constexpr std::chrono::seconds kLimit{45};

bool failed(const Findings& findings) {
    return std::any_of(findings.begin(), findings.end(),
                       [](const Finding& finding) { return finding.level == Level::Failed; });
}

}  // namespace

bool Report::passed() const {
    return !failed(findings);
}

Report verify_plugin(const QString& path) {
    Report report;
    report.path = QFileInfo(path).absoluteFilePath();
    report.findings = check_file(report.path);
    if (!report.passed()) return report;  // its code is not to be run
    // What the host itself changes is no side effect of the plugin's.
    CrashNote::prepare();
    constexpr struct {
        const char* name;
        Findings (*run)(const QString& path);
        bool needed;  // by all that follow
    } kChecks[] = {{"load", &check_load, true},
                   {"instance", &check_instance, true},
                   {"operations", &check_operations, false},
                   {"hostile", &check_hostile, false},
                   {"leaks", &check_leaks, false}};
    for (const auto& check : kChecks) {
        const Findings found = run_isolated(
            QString::fromLatin1(check.name), [&] { return check.run(report.path); }, kLimit);
        report.findings += found;
        if (check.needed && failed(found)) break;
    }
    return report;
}

}  // namespace botbottle::conformance
