#include "manifest/yaml_writer.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>

namespace botbottle::yaml {
namespace {

constexpr int kIndent = 2;

QString scalar_of(const Value& node) {
    if (node.kind == Value::Kind::Null) return QStringLiteral("~");
    return node.kind == Value::Kind::String ? scalar(node.text) : node.text;
}

bool is_block(const Value& node) {
    return (node.kind == Value::Kind::Mapping && !node.members.empty()) ||
           (node.kind == Value::Kind::Sequence && !node.items.empty());
}

QString inline_text(const Value& node) {
    if (node.kind == Value::Kind::Mapping) return QStringLiteral("{}");
    if (node.kind == Value::Kind::Sequence) return QStringLiteral("[]");
    return scalar_of(node);
}

// Lines that all begin with `indent` blanks. The depth is yaml.h's: bounded.
QString block(const Value& node, int indent) {
    const QString blanks(indent, u' ');
    QString text;
    for (const Member& member : node.members) {
        text += blanks + scalar(member.key) + QLatin1Char(':');
        text += is_block(member.value)
                    ? QLatin1Char('\n') + block(member.value, indent + kIndent)
                    : QLatin1Char(' ') + inline_text(member.value) + QLatin1Char('\n');
    }
    for (const Value& item : node.items) {
        // The item's first line takes the place of its own indentation.
        text += blanks + QStringLiteral("- ") +
                (is_block(item) ? block(item, indent + kIndent).mid(indent + kIndent)
                                : inline_text(item) + QLatin1Char('\n'));
    }
    return text;
}

}  // namespace

QString scalar(const QString& text) {
    static const QRegularExpression kPlain(QStringLiteral("\\A[A-Za-z_/~$][A-Za-z0-9_./@$-]*\\z"));
    static const QRegularExpression kOther(
        QStringLiteral("\\A(true|false|null|yes|no|on|off|y|n|~)\\z"),
        QRegularExpression::CaseInsensitiveOption);
    if (kPlain.match(text).hasMatch() && !kOther.match(text).hasMatch()) return text;
    // A JSON string is a YAML one.
    const QByteArray json = QJsonDocument(QJsonArray{text}).toJson(QJsonDocument::Compact);
    return QString::fromUtf8(json.mid(1, json.size() - 2));
}

QString write(const Value& node) {
    return is_block(node) ? block(node, 0) : inline_text(node) + QLatin1Char('\n');
}

Value string_value(const QString& text) {
    Value value;
    value.kind = Value::Kind::String;
    value.text = text;
    return value;
}

Value sequence_of(std::vector<Value> items) {
    Value value;
    value.kind = Value::Kind::Sequence;
    value.items = std::move(items);
    return value;
}

void set_member(Value& mapping, const QString& key, Value value) {
    mapping.kind = Value::Kind::Mapping;
    for (Member& member : mapping.members) {
        if (member.key != key) continue;
        member.value = std::move(value);
        return;
    }
    mapping.members.push_back(Member{key, 0, std::move(value)});
}

}  // namespace botbottle::yaml
