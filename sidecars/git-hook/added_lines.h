// AddedLines: the lines of a file that none of its predecessors has, and where they stand. Pure.
//
// A line that moved is not added: it was judged when it came, or the upstream has it already.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace botbottle::git_hook {

struct AddedLines {
    std::string text;  // the lines, each with its newline
    struct Start {
        std::size_t offset;  // in `text`
        std::uint64_t line;  // in the file, from 1
    };
    std::vector<Start> starts;
    bool compared = false;  // there was something to compare with

    std::uint64_t line_at(std::uint64_t offset) const;
};

AddedLines added_lines(std::string_view file, const std::vector<std::string>& predecessors);

// The line, from 1, in which an offset of a text lies.
std::uint64_t line_at(std::string_view text, std::uint64_t offset);

// As git decides it: a NUL among the first 8000 bytes.
bool is_binary(std::string_view beginning);

}  // namespace botbottle::git_hook
