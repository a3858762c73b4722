// See rules.h.
#include "scan/rules.h"

#include <re2/re2.h>

namespace botbottle::scan {

Rules::Rules() = default;
Rules::~Rules() = default;

Result<std::shared_ptr<const Rules>> Rules::load(std::string_view added) {
    std::shared_ptr<Rules> rules(new Rules);
    parse_rules(builtin_rules(), rules->table_);
    if (!rules->table_.problem.empty())
        return failure("scan_rules_invalid", "the built-in rules: " + rules->table_.problem);
    const std::size_t builtin_patterns = rules->table_.patterns.size();
    parse_rules(added, rules->table_);
    if (!rules->table_.problem.empty())
        return failure("scan_rules_invalid", "the added rules: " + rules->table_.problem,
                       "see docs/scanning.md for the notation");
    RE2::Options options(RE2::Quiet);
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_never_capture(true);
    for (const Expression& expression : rules->table_.expressions) {
        auto compiled = std::make_unique<re2::RE2>(expression.text, options);
        const std::string& id = rules->table_.rules[expression.rule].id;
        if (!compiled->ok())
            return failure("scan_rules_invalid", "the rule " + id + ": " + compiled->error(),
                           "the syntax is that of RE2");
        if (RE2::PartialMatch("", *compiled))
            return failure("scan_rules_invalid", "the rule " + id + " matches an empty text",
                           "it would refuse everything");
        rules->expressions_.push_back({expression.rule, std::move(compiled)});
    }
    std::string problem;
    const std::vector<Pattern>& patterns = rules->table_.patterns;
    rules->searched_numbers_ = found_anywhere(patterns);
    for (const std::uint32_t index : rules->searched_numbers_)
        rules->searched_.push_back(patterns[index]);
    rules->placed_ = std::make_unique<PlacedFinder>(patterns);
    constexpr std::size_t kShortestBeginning = 4;
    rules->beginnings_ = std::make_unique<Beginnings>(patterns, kShortestBeginning);
    if (patterns.size() == builtin_patterns)
        rules->finder_ = make_precompiled_finder(builtin_database());
    if (!rules->finder_) rules->finder_ = make_finder(rules->searched_, problem);
    if (!rules->finder_) return failure("scan_rules_invalid", problem);
    return std::shared_ptr<const Rules>(std::move(rules));
}

}  // namespace botbottle::scan
