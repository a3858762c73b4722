// Words for error messages: values shown safely, lists, and the nearest known name.
#pragma once

#include <QString>
#include <QStringList>

namespace botbottle {

// `text` with control, bidirectional and other unseen characters written out as \uXXXX: it may come
// from a repository and must not write to the operator's terminal.
QString visible(const QString& text);

// visible(), in double quotes, at most 60 characters of it.
QString quoted(const QString& text);

// "a, b or c".
QString either(const QStringList& words);

// The candidate that a typing error most likely meant, or an empty string: at most one edit
// (insert, delete, replace, swap) for three letters, two in all. Case does not count.
QString nearest(const QString& word, const QStringList& candidates);

// A size as a manifest writes it: "512M", "4G", or the bytes when no unit fits.
QString binary_size(qint64 bytes);

}  // namespace botbottle
