// What a command prints on stdout: a JSON document, or a table.
#pragma once

#include <QJsonObject>
#include <QList>
#include <QString>
#include <QStringList>

namespace botbottle::cli {

void print(const QString& text);
void print_line(const QString& text);
void print_json(const QJsonObject& document);

// The same in ASCII alone, every other character escaped: for what an agent wrote, since a JSON
// string may hold what drives a terminal.
void print_ascii_json(const QJsonObject& document);

// A JSON document on one line, for streams of them.
void print_json_line(const QJsonObject& document);

// Columns as wide as their widest cell, two spaces apart; the last one is not padded.
QString table(const QStringList& head, const QList<QStringList>& rows);

// Marks up text when stdout is a terminal and NO_COLOR is not set (no-color.org).
enum class Style { Bold, Dim, Green, Red, Yellow };
QString styled(const QString& text, Style style);

// Whether two streams' ends are terminals: a person is there to be asked.
bool operator_is_there();

}  // namespace botbottle::cli
