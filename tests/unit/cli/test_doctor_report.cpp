#include <gtest/gtest.h>

#include "cli/doctor_report.h"

namespace botbottle::cli {
namespace {

// One attempt for every claim, all held.
DoctorReport good_report() {
    DoctorReport report;
    report.backend = QStringLiteral("bubblewrap");
    report.usable = true;
    report.checks = {{QStringLiteral("bwrap"), true, QStringLiteral("0.8.0"), QString()}};
    for (const char* claim : {"network", "files", "processes", "privileges", "kernel", "egress"})
        report.attempts.append({QLatin1String(claim), QLatin1String(claim),
                                QStringLiteral("blocked"), QStringLiteral("no")});
    return report;
}

TEST(DoctorReport, HoldsOnlyWhenEveryClaimWasTriedAndHeld) {
    EXPECT_TRUE(good_report().held());
    const struct {
        const char* what;
        void (*spoil)(DoctorReport&);
    } rows[] = {
        {"an escape", [](DoctorReport& r) { r.attempts[0].outcome = QStringLiteral("escaped"); }},
        {"a control that is broken",
         [](DoctorReport& r) { r.attempts[5].outcome = QStringLiteral("broken"); }},
        {"a claim that could not be tried",
         [](DoctorReport& r) { r.attempts[2].outcome = QStringLiteral("skipped"); }},
        {"a claim that was not tried", [](DoctorReport& r) { r.attempts.removeAt(3); }},
        {"nothing was tried", [](DoctorReport& r) { r.attempts.clear(); }},
        {"a failed check", [](DoctorReport& r) { r.checks[0].ok = false; }},
        {"an unusable backend", [](DoctorReport& r) { r.usable = false; }},
    };
    for (const auto& row : rows) {
        DoctorReport report = good_report();
        row.spoil(report);
        EXPECT_FALSE(report.held()) << row.what;
    }
}

TEST(DoctorReport, NamesWhatEscapedAndWhatMendsACheck) {
    DoctorReport report = good_report();
    report.attempts[0] = {QStringLiteral("host-tcp"), QStringLiteral("network"),
                          QStringLiteral("escaped"), QStringLiteral("it connected")};
    report.checks.append({QStringLiteral("userns"), false, QStringLiteral("not permitted"),
                          QStringLiteral("sysctl x=1")});
    const QString text = report_text(report, false);
    for (const char* part : {"host-tcp", "it connected", "not permitted", "sysctl x=1", "FAIL"})
        EXPECT_TRUE(text.contains(QLatin1String(part))) << part;
    EXPECT_FALSE(report_json(report).value(QStringLiteral("held")).toBool());
}

TEST(DoctorReport, ReadsWhatTheProbeWrites) {
    const auto attempts =
        parse_attempts(QStringLiteral("{\"name\": \"icmp\", \"claim\": \"network\", \"outcome\": "
                                      "\"blocked\", \"detail\": \"d\"}\n"));
    ASSERT_TRUE(attempts);
    ASSERT_EQ(attempts->size(), 1);
    EXPECT_EQ(attempts->at(0).name, QStringLiteral("icmp"));
}

TEST(DoctorReport, AnythingElseProvesNothing) {
    for (const char* output : {"sh: not found\n", "{}\n", "{\"name\": \"icmp\"}\n"})
        EXPECT_FALSE(parse_attempts(QLatin1String(output))) << output;
}

}  // namespace
}  // namespace botbottle::cli
