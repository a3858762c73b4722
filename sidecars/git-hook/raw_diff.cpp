#include "git-hook/raw_diff.h"

namespace botbottle::git_hook {
namespace {

// The next word, without the space that ends it.
std::string_view take_word(std::string_view& text) {
    const auto end = text.find(' ');
    const auto word = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return word;
}

bool is_hexadecimal(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::optional<RecordHead> read_record(std::string_view text) {
    std::size_t parents = 0;
    while (parents < text.size() && text[parents] == ':')
        ++parents;
    if (parents == 0) return std::nullopt;
    text.remove_prefix(parents);
    for (std::size_t i = 0; i < parents; ++i)
        if (take_word(text).size() != 6) return std::nullopt;
    RecordHead head;
    head.file.mode = take_word(text);
    if (head.file.mode.size() != 6) return std::nullopt;
    for (std::size_t i = 0; i <= parents; ++i) {
        const auto id = take_word(text);
        if (!is_hexadecimal(id)) return std::nullopt;
        if (i == parents)
            head.file.blob = id;
        else if (id.find_first_not_of('0') != std::string_view::npos)
            head.file.parents.emplace_back(id);
    }
    if (text.empty()) return std::nullopt;
    // A record of several parents has one path, whatever became of the file.
    head.renamed = parents == 1 && (text[0] == 'R' || text[0] == 'C');
    return head;
}

}  // namespace botbottle::git_hook
