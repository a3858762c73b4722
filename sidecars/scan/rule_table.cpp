#include "scan/rule_table.h"

#include <algorithm>
#include <array>
#include <utility>

namespace botbottle::scan {

namespace {

constexpr std::array<std::pair<std::string_view, Check>, 16> kChecks = {{
    {"plain", Check::kPlain},
    {"random", Check::kRandom},
    {"alone", Check::kAlone},
    {"context", Check::kContext},
    {"github", Check::kGithub},
    {"jwt", Check::kJwt},
    {"basic", Check::kBasic},
    {"discord", Check::kDiscord},
    {"telegram", Check::kTelegram},
    {"azure", Check::kAzure},
    {"card", Check::kCard},
    {"iban", Check::kIban},
    {"wif", Check::kWif},
    {"url", Check::kUrl},
    {"assigned", Check::kAssigned},
    {"pem", Check::kPem},
}};

std::string_view take_word(std::string_view& line) {
    const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    return word;
}

std::uint32_t rule_number(RuleTable& table, std::string_view id) {
    const auto found = std::find_if(table.rules.begin(), table.rules.end(),
                                    [&](const Rule& rule) { return rule.id == id; });
    const auto number = static_cast<std::uint32_t>(found - table.rules.begin());
    if (found == table.rules.end()) table.rules.push_back({std::string(id), std::string(id)});
    return number;
}

// A byte in one case or the other is one character.
bool is_one_character(const ByteSet& set) {
    if (set.count() == 1) return true;
    if (set.count() != 2) return false;
    std::size_t first = 0;
    while (!set.test(first))
        ++first;
    return first >= 'A' && first <= 'Z' && set.test(first | 0x20U);
}

std::size_t longest_text(const std::vector<ByteSet>& bytes) {
    std::size_t longest = 0;
    std::size_t length = 0;
    for (const ByteSet& set : bytes) {
        length = is_one_character(set) ? length + 1 : 0;
        longest = std::max(longest, length);
    }
    return longest;
}

// False: the pattern would have to be looked for everywhere.
bool find_place(Pattern& pattern) {
    constexpr std::size_t kEnough = 4;
    switch (pattern.check) {
        case Check::kCard:
        case Check::kIban:
            pattern.place = Place::kNumber;
            return true;
        case Check::kWif:
            pattern.place = Place::kRunEnd;
            return true;
        case Check::kUrl:
        case Check::kAzure:
            pattern.place = Place::kMark;
            return true;
        case Check::kContext:
        case Check::kDiscord:
        case Check::kTelegram:
            pattern.place = Place::kRunStart;
            return true;
        case Check::kAlone:
            // A run ends at a point, so that what has one early is looked for everywhere.
            if (longest_text(pattern.bytes) < kEnough &&
                pattern.text.substr(0, 8).find("\\.") == std::string::npos)
                pattern.place = Place::kRunStart;
            return true;
        default:
            return longest_text(pattern.bytes) >= kEnough;
    }
}

std::string read_line(RuleTable& table, std::string_view line) {
    const std::string_view id = take_word(line);
    if (id.empty() || id.starts_with('#')) return {};
    if (id == "@") {
        const std::uint32_t number = rule_number(table, take_word(line));
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (line.empty()) return "'@ id' needs a description after it";
        table.rules[number].what = line;
        return {};
    }
    const std::string_view name = take_word(line);
    const std::string_view text = take_word(line);
    if (name == "regex") {
        if (text.empty()) return "an expression is missing";
        if (!take_word(line).empty()) return "an expression has no blanks; write \\x20 for one";
        table.expressions.push_back({rule_number(table, id), std::string(text)});
        return {};
    }
    const auto check = std::find_if(kChecks.begin(), kChecks.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (check == kChecks.end()) {
        std::string known;
        for (const auto& entry : kChecks)
            known.append(entry.first).append(", ");
        return "'" + std::string(name) + "' is not a check; there are " + known + "regex";
    }
    if (!take_word(line).empty()) return "a pattern has no blanks; write \\x20 for one";
    Shape shape = parse_shape(text);
    if (!shape.problem.empty()) return shape.problem;
    std::size_t fixed = 0;
    while (fixed < shape.bytes.size() && is_one_character(shape.bytes[fixed]))
        ++fixed;
    Pattern pattern;
    pattern.check = check->second;
    pattern.text = text;
    pattern.bytes = std::move(shape.bytes);
    pattern.fixed = fixed;
    if (!find_place(pattern))
        return "a pattern has four characters of its own in a row, or the check is alone";
    pattern.rule = rule_number(table, id);
    table.patterns.push_back(std::move(pattern));
    return {};
}

}  // namespace

void parse_rules(std::string_view text, RuleTable& table) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::string problem = read_line(table, line);
        if (problem.empty()) continue;
        table.problem = "line " + std::to_string(number) + ": " + problem;
        return;
    }
}

std::vector<std::uint32_t> found_anywhere(const std::vector<Pattern>& patterns) {
    std::vector<std::uint32_t> indexes;
    for (std::uint32_t index = 0; index < patterns.size(); ++index)
        if (patterns[index].place == Place::kAnywhere) indexes.push_back(index);
    return indexes;
}

}  // namespace botbottle::scan
