#include "cli/output.h"

#include <unistd.h>

#include <QJsonDocument>
#include <cstdio>
#include <cstdlib>

namespace botbottle::cli {
namespace {

void write_out(const QByteArray& bytes) {
    std::fwrite(bytes.constData(), 1, static_cast<std::size_t>(bytes.size()), stdout);
    std::fflush(stdout);
}

bool colours() {
    static const bool kWanted = [] {
        const char* no = std::getenv("NO_COLOR");
        return isatty(1) == 1 && (no == nullptr || no[0] == '\0');
    }();
    return kWanted;
}

}  // namespace

void print(const QString& text) {
    write_out(text.toUtf8());
}

void print_line(const QString& text) {
    write_out(text.toUtf8() + '\n');
}

void print_json(const QJsonObject& document) {
    write_out(QJsonDocument(document).toJson(QJsonDocument::Indented));
}

void print_ascii_json(const QJsonObject& document) {
    const QString text = QString::fromUtf8(QJsonDocument(document).toJson(QJsonDocument::Indented));
    QByteArray ascii;
    for (const QChar character : text) {
        const ushort code = character.unicode();
        if (code < 0x7f)
            ascii += static_cast<char>(code);
        else
            ascii += QByteArray("\\u") + QByteArray::number(code, 16).rightJustified(4, '0');
    }
    write_out(ascii);
}

void print_json_line(const QJsonObject& document) {
    write_out(QJsonDocument(document).toJson(QJsonDocument::Compact) + '\n');
}

QString table(const QStringList& head, const QList<QStringList>& rows) {
    QList<qsizetype> widths;
    for (qsizetype column = 0; column < head.size(); ++column) {
        qsizetype width = head[column].size();
        for (const QStringList& row : rows)
            width = std::max(width, row.value(column).size());
        widths.append(width);
    }
    const auto line = [&widths](const QStringList& cells) {
        QString text;
        for (qsizetype column = 0; column < widths.size(); ++column) {
            const bool last = column + 1 == widths.size();
            text +=
                last ? cells.value(column) : cells.value(column).leftJustified(widths[column] + 2);
        }
        while (text.endsWith(QLatin1Char(' ')))
            text.chop(1);
        return text + QLatin1Char('\n');
    };
    QString text = styled(line(head).trimmed(), Style::Dim) + QLatin1Char('\n');
    for (const QStringList& row : rows)
        text += line(row);
    return text;
}

QString styled(const QString& text, Style style) {
    if (!colours()) return text;
    static constexpr const char* kCodes[] = {"1", "2", "32", "31", "33"};
    return QStringLiteral("\033[%1m%2\033[0m")
        .arg(QLatin1String(kCodes[static_cast<int>(style)]), text);
}

bool operator_is_there() {
    return isatty(0) == 1 && isatty(2) == 1;
}

}  // namespace botbottle::cli
