#include "manifest/frontmatter.h"

#include <QStringDecoder>
#include <string_view>

namespace botbottle {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The line that starts at `begin`, without its end; `next` becomes the start of the one after.
std::string_view line_at(std::string_view text, std::size_t begin, std::size_t& next) {
    const std::size_t end = text.find('\n', begin);
    next = end == std::string_view::npos ? text.size() : end + 1;
    std::string_view line = text.substr(begin, end == std::string_view::npos ? end : end - begin);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

bool is_fence(std::string_view line) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t'))
        line.remove_suffix(1);
    return line == "---";
}

}  // namespace

bool check_utf8(const std::string& text, Problems& problems) {
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless);
    const QString decoded = decoder.decode(QByteArrayView(text.data(), qsizetype(text.size())));
    if (!decoder.hasError() && !decoded.contains(QChar(0))) return true;
    problems.add(0, {}, QStringLiteral("not a UTF-8 text file"));
    return false;
}

std::optional<Frontmatter> split_frontmatter(const std::string& text, Problems& problems) {
    if (!check_utf8(text, problems)) return std::nullopt;
    std::string_view rest = text;
    if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());

    std::size_t yaml_begin = 0;
    if (!is_fence(line_at(rest, 0, yaml_begin))) {
        problems.add(1, {},
                     QStringLiteral("no frontmatter: the first line must be \"---\", then YAML, "
                                    "then another line \"---\""));
        return std::nullopt;
    }
    for (std::size_t begin = yaml_begin; begin < rest.size();) {
        std::size_t next = 0;
        if (is_fence(line_at(rest, begin, next))) {
            Frontmatter parts;
            parts.yaml = std::string(rest.substr(yaml_begin, begin - yaml_begin));
            const std::string_view body = rest.substr(next);
            parts.body = QString::fromUtf8(body.data(), qsizetype(body.size())).trimmed();
            return parts;
        }
        begin = next;
    }
    problems.add(1, {},
                 QStringLiteral("the frontmatter does not end: a second line \"---\" is missing"));
    return std::nullopt;
}

}  // namespace botbottle
