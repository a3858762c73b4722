// MapReader: a mapping of a manifest, read key by key. What has another type than asked for, and
// what nobody asked for, is reported with line and key path; nothing is guessed or converted.
#pragma once

#include <QHash>
#include <QString>
#include <QStringList>
#include <initializer_list>
#include <limits>
#include <optional>

#include "manifest/manifest.h"
#include "manifest/problems.h"
#include "manifest/yaml.h"

namespace botbottle {

class MapReader {
  public:
    // A node that is no mapping is reported; then every key is absent. A Null node is an empty one.
    MapReader(const yaml::Value& node, QString path, Problems& problems);

    // The value of a key that this mapping may have, or null. A key that was asked for is known.
    const yaml::Value* find(const QString& key);

    // Each reports a wrong type and then behaves as if the key were absent.
    std::optional<QString> string(const QString& key);
    std::optional<bool> boolean(const QString& key);
    std::optional<qint64> integer(const QString& key, qint64 least, qint64 most);
    std::optional<QStringList> strings(const QString& key);
    const yaml::Value* mapping(const QString& key);
    const yaml::Value* sequence(const QString& key);

    // "512M", "4G": binary multiples; a bare integer counts bytes. At least 1.
    std::optional<qint64> size(const QString& key);

    // The index of one of these words.
    std::optional<int> word(const QString& key, const QStringList& allowed);

    // string() that must be there and not be empty.
    QString required_string(const QString& key, const QString& what);

    // A key that people may write and that is refused here; `why` says what to do instead.
    void refuse(const QString& key, const QString& why);

    // Reports `key` when nothing enforces it yet (not_enforced.h). `path` is its path in the
    // schema, without indices: "egress.routes[].dlp". Call it where the value asks for something.
    void need_enforced(const QString& key, const char* path);

    // Reports every key that was not asked for, with the nearest known one. Call it last.
    void finish();

    // Reports at the line of `key`, or of the mapping when it is absent.
    void problem(const QString& key, const QString& message);

    int line_of(const QString& key) const;

    // Where those of these keys stand that are there.
    Places places_of(std::initializer_list<const char*> keys) const;
    QString path_of(const QString& key) const;

  private:
    const yaml::Value& node_;
    QString path_;
    Problems& problems_;
    QStringList known_;
    QHash<QString, QString> refused_;
};

// The same checks for a value that stands in a list.
std::optional<QString> read_string(const yaml::Value& node, const QString& path,
                                   Problems& problems);
std::optional<qint64> read_integer(const yaml::Value& node, const QString& path, qint64 least,
                                   qint64 most, Problems& problems);

// "found <what stands there>, expected <expected>".
QString mismatch(const yaml::Value& node, const QString& expected);

}  // namespace botbottle
