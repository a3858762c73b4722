#include "git-hook/added_lines.h"

#include <algorithm>
#include <unordered_set>

namespace botbottle::git_hook {
namespace {

constexpr std::size_t kLookedAt = 8000;

template <typename Visit>
void for_each_line(std::string_view text, Visit&& visit) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        visit(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
}

}  // namespace

std::uint64_t AddedLines::line_at(std::uint64_t offset) const {
    const auto after =
        std::upper_bound(starts.begin(), starts.end(), offset,
                         [](std::uint64_t at, const Start& start) { return at < start.offset; });
    return after == starts.begin() ? 1 : std::prev(after)->line;
}

AddedLines added_lines(std::string_view file, const std::vector<std::string>& predecessors) {
    std::unordered_set<std::string_view> known;
    for (const std::string& predecessor : predecessors)
        for_each_line(predecessor, [&](std::string_view line) { known.insert(line); });
    AddedLines added;
    added.compared = true;
    std::uint64_t number = 0;
    for_each_line(file, [&](std::string_view line) {
        ++number;
        if (known.contains(line)) return;
        added.starts.push_back({added.text.size(), number});
        added.text += line;
        added.text += '\n';
    });
    return added;
}

std::uint64_t line_at(std::string_view text, std::uint64_t offset) {
    const auto before = text.substr(0, std::min<std::uint64_t>(offset, text.size()));
    return 1 + static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
}

bool is_binary(std::string_view beginning) {
    return beginning.substr(0, kLookedAt).find('\0') != std::string_view::npos;
}

}  // namespace botbottle::git_hook
