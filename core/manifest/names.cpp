#include "manifest/names.h"

#include <algorithm>

namespace botbottle {
namespace {

constexpr int kLongestName = 64;

bool is_lower(QChar c) {
    return c >= u'a' && c <= u'z';
}
bool is_upper(QChar c) {
    return c >= u'A' && c <= u'Z';
}
bool is_digit(QChar c) {
    return c >= u'0' && c <= u'9';
}
bool is_word(QChar c) {
    return is_lower(c) || is_upper(c) || is_digit(c);
}

template <typename Rule>
bool rest_is(const QString& name, Rule rule) {
    return std::all_of(name.begin() + 1, name.end(), rule);
}

}  // namespace

bool is_manifest_name(const QString& name) {
    return !name.isEmpty() && name.size() <= kLongestName && is_lower(name[0]) &&
           rest_is(name, [](QChar c) { return is_lower(c) || is_digit(c) || c == u'-'; });
}

bool is_variable_name(const QString& name) {
    return !name.isEmpty() && (is_lower(name[0]) || is_upper(name[0]) || name[0] == u'_') &&
           rest_is(name, [](QChar c) { return is_word(c) || c == u'_'; });
}

bool is_skill_name(const QString& name) {
    return !name.isEmpty() && name.size() <= kLongestName && is_word(name[0]) &&
           rest_is(name, [](QChar c) { return is_word(c) || c == u'.' || c == u'_' || c == u'-'; });
}

bool is_repo_name(const QString& name) {
    const auto fits = [](QChar c) { return is_word(c) || c == u'.' || c == u'_' || c == u'-'; };
    return !name.isEmpty() && name.size() <= kLongestName && name[0] != u'.' && name[0] != u'-' &&
           std::all_of(name.begin(), name.end(), fits);
}

bool is_host_path(const QString& text) {
    return is_one_line(text) &&
           (text.startsWith(u'/') || (text.startsWith(QLatin1String("~/")) && text.size() > 2));
}

bool is_one_line(const QString& text) {
    return std::none_of(text.begin(), text.end(), [](QChar c) {
        return c.category() == QChar::Other_Control || c.category() == QChar::Separator_Line ||
               c.category() == QChar::Separator_Paragraph;
    });
}

}  // namespace botbottle
