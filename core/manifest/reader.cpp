#include "manifest/reader.h"

#include <QRegularExpression>

#include "manifest/not_enforced.h"
#include "manifest/text.h"

namespace botbottle {

using yaml::Value;

QString mismatch(const Value& node, const QString& expected) {
    QString text = QStringLiteral("found %1, expected %2").arg(yaml::describe(node), expected);
    const bool number_for_string =
        expected.startsWith(QStringLiteral("a string")) &&
        (node.kind == Value::Kind::Bool || node.kind == Value::Kind::Integer ||
         node.kind == Value::Kind::Float);
    if (number_for_string) text += QStringLiteral(": write \"%1\"").arg(node.text.left(40));
    return text;
}

std::optional<QString> read_string(const Value& node, const QString& path, Problems& problems) {
    if (node.kind == Value::Kind::String) return node.text;
    problems.add(node.line, path, mismatch(node, QStringLiteral("a string")));
    return std::nullopt;
}

std::optional<qint64> read_integer(const Value& node, const QString& path, qint64 least,
                                   qint64 most, Problems& problems) {
    bool fits = false;
    const qint64 value = node.kind == Value::Kind::Integer ? node.text.toLongLong(&fits) : 0;
    if (fits && value >= least && value <= most) return value;
    const QString range = most == std::numeric_limits<qint64>::max()
                              ? QStringLiteral("an integer of at least %1").arg(least)
                              : QStringLiteral("an integer from %1 to %2").arg(least).arg(most);
    problems.add(node.line, path, mismatch(node, range));
    return std::nullopt;
}

MapReader::MapReader(const Value& node, QString path, Problems& problems)
    : node_(node), path_(std::move(path)), problems_(problems) {
    if (node.kind != Value::Kind::Mapping && node.kind != Value::Kind::Null) {
        problems.add(node.line, path_,
                     mismatch(node, QStringLiteral("a mapping (\"key: value\")")));
    }
}

QString MapReader::path_of(const QString& key) const {
    return path_.isEmpty() ? key : path_ + QLatin1Char('.') + key;
}

int MapReader::line_of(const QString& key) const {
    for (const yaml::Member& member : node_.members) {
        if (member.key == key) return member.line;
    }
    return node_.line;
}

Places MapReader::places_of(std::initializer_list<const char*> keys) const {
    Places places;
    for (const char* name : keys) {
        const QString key = QString::fromLatin1(name);
        if (node_.find(key) != nullptr)
            places.insert(key, Location{problems_.file(), line_of(key)});
    }
    return places;
}

void MapReader::problem(const QString& key, const QString& message) {
    problems_.add(line_of(key), path_of(key), message);
}

const Value* MapReader::find(const QString& key) {
    if (!known_.contains(key)) known_ += key;
    return node_.find(key);
}

std::optional<QString> MapReader::string(const QString& key) {
    const Value* value = find(key);
    if (value == nullptr) return std::nullopt;
    return read_string(*value, path_of(key), problems_);
}

std::optional<bool> MapReader::boolean(const QString& key) {
    const Value* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind == Value::Kind::Bool) return value->text.toLower() == QStringLiteral("true");
    problem(key, mismatch(*value, QStringLiteral("true or false")));
    return std::nullopt;
}

std::optional<qint64> MapReader::integer(const QString& key, qint64 least, qint64 most) {
    const Value* value = find(key);
    if (value == nullptr) return std::nullopt;
    return read_integer(*value, path_of(key), least, most, problems_);
}

std::optional<QStringList> MapReader::strings(const QString& key) {
    const Value* list = sequence(key);
    if (list == nullptr) return std::nullopt;
    QStringList words;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        const QString path = QStringLiteral("%1[%2]").arg(path_of(key)).arg(i);
        if (auto word = read_string(list->items[i], path, problems_)) words += *word;
    }
    return words;
}

const Value* MapReader::mapping(const QString& key) {
    const Value* value = find(key);
    if (value == nullptr || value->kind == Value::Kind::Mapping) return value;
    problem(key, mismatch(*value, QStringLiteral("a mapping (\"key: value\")")));
    return nullptr;
}

const Value* MapReader::sequence(const QString& key) {
    const Value* value = find(key);
    if (value == nullptr || value->kind == Value::Kind::Sequence) return value;
    problem(key, mismatch(*value, QStringLiteral("a list")));
    return nullptr;
}

QString MapReader::required_string(const QString& key, const QString& what) {
    if (find(key) == nullptr) {
        problem(key, QStringLiteral("missing: %1").arg(what));
        return {};
    }
    const std::optional<QString> value = string(key);
    if (value && value->isEmpty()) problem(key, QStringLiteral("empty: %1").arg(what));
    return value.value_or(QString());
}

std::optional<qint64> MapReader::size(const QString& key) {
    static const QRegularExpression kForm(QStringLiteral("\\A([1-9][0-9]{0,8})([KMGT])\\z"));
    static const QString kUnits = QStringLiteral("KMGT");
    const Value* node = find(key);
    if (node == nullptr) return std::nullopt;
    bool is_number = false;
    const qint64 number = node->text.toLongLong(&is_number);
    if (node->kind == Value::Kind::Integer && is_number && number > 0) return number;
    const auto match =
        node->kind == Value::Kind::String ? kForm.match(node->text) : QRegularExpressionMatch();
    if (match.hasMatch()) {
        const auto power = static_cast<int>(kUnits.indexOf(match.captured(2))) + 1;
        return match.captured(1).toLongLong() << (10 * power);
    }
    problem(key,
            mismatch(*node, QStringLiteral("a size such as 512M or 4G, or a number of bytes")));
    return std::nullopt;
}

std::optional<int> MapReader::word(const QString& key, const QStringList& allowed) {
    const std::optional<QString> text = string(key);
    if (!text) return std::nullopt;
    const auto index = static_cast<int>(allowed.indexOf(*text));
    if (index >= 0) return index;
    QString message = QStringLiteral("found %1, expected %2").arg(quoted(*text), either(allowed));
    const QString meant = nearest(*text, allowed);
    if (!meant.isEmpty()) message += QStringLiteral("; did you mean \"%1\"?").arg(meant);
    problem(key, message);
    return std::nullopt;
}

void MapReader::need_enforced(const QString& key, const char* path) {
    if (const char* why = not_enforced(path)) problem(key, QString::fromUtf8(why));
}

void MapReader::refuse(const QString& key, const QString& why) {
    refused_.insert(key, why);
}

void MapReader::finish() {
    for (const yaml::Member& member : node_.members) {
        if (known_.contains(member.key)) continue;
        const auto refused = refused_.constFind(member.key);
        if (refused != refused_.constEnd()) {
            problems_.add(member.line, path_of(member.key), *refused);
            continue;
        }
        QString message = QStringLiteral("unknown key %1").arg(quoted(member.key));
        const QString meant =
            problems_.full() ? QString() : nearest(member.key, known_ + refused_.keys());
        message += meant.isEmpty() ? QStringLiteral("; allowed: %1").arg(either(known_))
                                   : QStringLiteral("; did you mean \"%1\"?").arg(meant);
        problems_.add(member.line, path_, message);
    }
}

}  // namespace botbottle
