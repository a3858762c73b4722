// A record that somebody has been at shows, whatever they did to it.
#include <gtest/gtest.h>

#include <QBuffer>
#include <QCryptographicHash>

#include "bottles/audit_chain.h"

namespace botbottle {
namespace {

const QString kIdentity = QStringLiteral("dev-abcde");

// Writes lines as the sidecars do: numbered and chained by plane.
class Writer {
  public:
    void add(const QByteArray& plane, const QByteArray& event, const QByteArray& subject,
             const QByteArray& reason = "") {
        auto& [sequence, digest] = planes_[plane];
        if (digest.isEmpty()) digest = QByteArray(64, '0');
        const QByteArray line = "{\"seq\":" + QByteArray::number(++sequence) + ",\"plane\":\"" +
                                plane + "\",\"event\":\"" + event + "\",\"subject\":\"" + subject +
                                "\",\"reason\":\"" + reason + "\",\"prev\":\"" + digest + "\"}";
        digest = QCryptographicHash::hash(line, QCryptographicHash::Sha256).toHex();
        lines += line;
    }
    void seal() {
        const auto [sequence, digest] = planes_["egress"];
        add("warden", "sealed", "egress", QByteArray::number(sequence) + " " + digest);
    }

    QList<QByteArray> lines;

  private:
    QHash<QByteArray, std::pair<int, QByteArray>> planes_;
};

QList<QByteArray> whole_record(const QByteArray& identity = "dev-abcde") {
    Writer writer;
    writer.add("warden", "start", identity);
    for (int i = 0; i < 5; ++i)
        writer.add("egress", "decision", "GET https://" + identity + "/" + QByteArray::number(i));
    writer.add("warden", "stop", identity);
    writer.seal();
    return writer.lines;
}

AuditReport verify(const QList<QByteArray>& lines, const QByteArray& end = "\n") {
    QByteArray text = lines.join('\n') + end;
    QBuffer file(&text);
    file.open(QIODevice::ReadOnly);
    return verify_audit(file, kIdentity);
}

TEST(AuditChain, AWholeRecord) {
    const AuditReport report = verify(whole_record());
    EXPECT_TRUE(report.problems.isEmpty());
    EXPECT_TRUE(report.sealed);
    EXPECT_EQ(report.records, 8);
    EXPECT_EQ(report.planes.value(QStringLiteral("egress")), 5);
}

TEST(AuditChain, EveryLineThatIsChangedShows) {
    for (qsizetype i = 0; i < 7; ++i) {  // the seal itself is looked at below
        auto lines = whole_record();
        lines[i].replace("\"subject\":\"", "\"subject\":\"x");
        const AuditReport report = verify(lines);
        EXPECT_FALSE(report.problems.isEmpty()) << i;
    }
}

TEST(AuditChain, EveryLineThatIsDroppedShows) {
    for (qsizetype i = 0; i < 8; ++i) {
        auto lines = whole_record();
        lines.removeAt(i);
        const AuditReport report = verify(lines);
        EXPECT_TRUE(!report.problems.isEmpty() || !report.sealed) << i;
    }
}

TEST(AuditChain, ACutAtTheEndShows) {
    const auto lines = whole_record();
    for (qsizetype kept = 1; kept < lines.size(); ++kept)
        EXPECT_FALSE(verify(lines.first(kept)).sealed) << kept;
}

TEST(AuditChain, LinesInAnotherOrderShow) {
    for (qsizetype i = 1; i < 5; ++i) {
        auto lines = whole_record();
        lines.swapItemsAt(i, i + 1);
        EXPECT_FALSE(verify(lines).problems.isEmpty()) << i;
    }
}

TEST(AuditChain, ALineThatStandsTwiceShows) {
    for (qsizetype i = 0; i < 8; ++i) {
        auto lines = whole_record();
        lines.insert(i, lines[i]);
        EXPECT_FALSE(verify(lines).problems.isEmpty()) << i;
    }
}

TEST(AuditChain, LinesOfAnotherBottleShow) {
    const auto other = whole_record("dev-other");
    EXPECT_FALSE(verify(other).problems.isEmpty());
    for (qsizetype i = 1; i < 6; ++i) {  // one line
        auto lines = whole_record();
        lines[i] = other[i];
        EXPECT_FALSE(verify(lines).problems.isEmpty()) << i;
    }
    auto lines = whole_record();  // its whole egress plane
    for (qsizetype i = 1; i < 6; ++i)
        lines[i] = other[i];
    EXPECT_FALSE(verify(lines).problems.isEmpty());
}

TEST(AuditChain, ASealThatIsChangedShows) {
    auto lines = whole_record();
    lines.last().replace("\"reason\":\"5 ", "\"reason\":\"4 ");
    const AuditReport report = verify(lines);
    EXPECT_FALSE(report.problems.isEmpty());
    EXPECT_FALSE(report.sealed);
}

TEST(AuditChain, WhatAKilledWriterLeavesIsNotADeed) {
    auto lines = whole_record();
    lines.insert(3, "{\"seq\":3,\"ti");
    const AuditReport report = verify(lines);
    EXPECT_TRUE(report.problems.isEmpty());
    EXPECT_EQ(report.notices.size(), 1);
    EXPECT_TRUE(report.sealed);
    EXPECT_EQ(verify(whole_record().first(3), "").notices.size(), 1);
}

TEST(AuditChain, CsvIsQuotedAndNoFormula) {
    EXPECT_EQ(audit_csv_head().split(QLatin1Char(',')).size(), 16);
    EXPECT_EQ(
        audit_csv_line(R"({"seq":1,"plane":"egress","subject":"=1+1","reason":"a, \"b\"","ms":3})"),
        QStringLiteral("1,,egress,,,,,'=1+1,\"a, \"\"b\"\"\",,,,,,3,"));
}

}  // namespace
}  // namespace botbottle
