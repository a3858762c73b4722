#include "supervise/route_file.h"

#include <QJsonArray>
#include <QStringList>
#include <algorithm>

#include "manifest/frontmatter.h"
#include "manifest/yaml.h"
#include "manifest/yaml_writer.h"

namespace botbottle {
namespace {

constexpr int kIndent = 2;
const QString kHost = QStringLiteral("host");

yaml::Value list_value(const QJsonArray& array) {
    std::vector<yaml::Value> items;
    for (const auto& each : array) {
        yaml::Value item = yaml::string_value(each.isDouble() ? QString::number(each.toInteger())
                                                              : each.toString());
        if (each.isDouble()) item.kind = yaml::Value::Kind::Integer;
        items.push_back(std::move(item));
    }
    return yaml::sequence_of(std::move(items));
}

void remove_member(yaml::Value& mapping, const QString& key) {
    auto& members = mapping.members;
    members.erase(std::remove_if(members.begin(), members.end(),
                                 [&](const yaml::Member& each) { return each.key == key; }),
                  members.end());
}

// What the grant says, over what stands there already.
yaml::Value route_value(yaml::Value item, const QJsonObject& route) {
    yaml::set_member(item, kHost, yaml::string_value(route.value(kHost).toString()));
    for (const char* name : {"ports", "methods", "path_allowlist"}) {
        const QString key = QLatin1String(name);
        const QJsonArray list = route.value(key).toArray();
        const bool usual =
            list.isEmpty() || (key == QLatin1String("ports") && list == QJsonArray{443});
        if (usual)
            remove_member(item, key);
        else
            yaml::set_member(item, key, list_value(list));
    }
    const QJsonObject auth = route.value(QLatin1String("auth")).toObject();
    if (!auth.contains(QLatin1String("token_ref"))) return item;
    yaml::Value block;
    for (const char* name : {"scheme", "token_ref", "username", "name", "prefix"}) {
        const QString value = auth.value(QLatin1String(name)).toString();
        if (!value.isEmpty())
            yaml::set_member(block, QLatin1String(name), yaml::string_value(value));
    }
    yaml::set_member(item, QStringLiteral("auth"), std::move(block));
    return item;
}

int last_line(const yaml::Value& node) {
    int line = node.line;
    for (const yaml::Member& member : node.members)
        line = std::max({line, member.line, last_line(member.value)});
    for (const yaml::Value& item : node.items)
        line = std::max(line, last_line(item));
    return line;
}

// The lines of "- host: …", indented by `indent`.
QStringList item_lines(const yaml::Value& item, int indent) {
    QStringList lines =
        yaml::write(yaml::sequence_of({item})).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    for (QString& line : lines)
        line.prepend(QString(indent, QLatin1Char(' ')));
    return lines;
}

int indent_of(const QString& line) {
    int blanks = 0;
    while (blanks < line.size() && line[blanks] == QLatin1Char(' '))
        ++blanks;
    return blanks;
}

// The file's lines, and where the routes stand in them.
class RouteFile {
  public:
    RouteFile(const std::string& text, const yaml::Value& tree, int yaml_line)
        : lines_(QString::fromStdString(text).split(QLatin1Char('\n'))), tree_(tree) {
        end_ = yaml_line;
        while (end_ <= lines_.size() && lines_[end_ - 1].trimmed() != QLatin1String("---"))
            ++end_;
    }

    // false: written in a way that is not ours to change.
    bool put(const QJsonObject& route) {
        const yaml::Value* egress = tree_.find(QStringLiteral("egress"));
        const yaml::Value* routes =
            egress != nullptr ? egress->find(QStringLiteral("routes")) : nullptr;
        if (egress == nullptr) return add_section(route);
        if (routes == nullptr || routes->items.empty()) return false;
        const int indent = indent_of(lines_[routes->items.front().line - 1]);
        if (!lines_[routes->items.front().line - 1].mid(indent).startsWith(QLatin1String("- ")))
            return false;
        for (std::size_t at = 0; at < routes->items.size(); ++at) {
            const yaml::Value& item = routes->items[at];
            const yaml::Value* host = item.find(kHost);
            if (host == nullptr || host->text != route.value(kHost).toString()) continue;
            return replace(item.line, last_line(item),
                           item_lines(route_value(item, route), indent));
        }
        const int after = last_line(*routes);
        return replace(after + 1, after, item_lines(route_value({}, route), indent));
    }

    std::string text() const { return lines_.join(QLatin1Char('\n')).toStdString(); }

  private:
    bool add_section(const QJsonObject& route) {
        QStringList added{QStringLiteral("egress:"), QStringLiteral("  routes:")};
        added += item_lines(route_value({}, route), 2 * kIndent);
        return replace(end_, end_ - 1, added);
    }

    bool replace(int first, int last, const QStringList& with) {
        lines_ = lines_.mid(0, first - 1) + with + lines_.mid(last);
        return true;
    }

    QStringList lines_;
    const yaml::Value& tree_;
    int end_ = 0;  // the line that ends the frontmatter
};

}  // namespace

Result<std::string> with_route_in_file(const std::string& text, const QString& file,
                                       const QJsonObject& route) {
    Problems problems(file);
    const auto matter = split_frontmatter(text, problems);
    if (!matter) return problems.error("manifest_invalid");
    const auto tree = yaml::parse(matter->yaml, matter->yaml_line, problems);
    if (!tree) return problems.error("manifest_invalid");
    RouteFile lines(text, *tree, matter->yaml_line);
    if (lines.put(route)) return lines.text();
    return failure(
        "not_in_block_style",
        file.toStdString() + ": its routes are written in a way that is left alone",
        "grant it for the session, and add below egress.routes by hand:\n" +
            item_lines(route_value({}, route), 2 * kIndent).join(QLatin1Char('\n')).toStdString());
}

}  // namespace botbottle
