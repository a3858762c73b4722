// smolvm's words as errors of botbottle: a code, what happened, and the next step. smolvm has one
// exit code for everything that fails, so its text is all there is to go by.
#pragma once

#include <string>
#include <string_view>

namespace backend_smolmachines {

struct ToolError {
    std::string code;
    std::string message;
    std::string hint;
};

// What follows the last "Error: " that begins a line (smolvm's own), or "error: " (its argument
// parser's); empty when the text has neither.
std::string error_line(std::string_view errors);

// `step`: what smolvm was asked for ("start the machine"). `errors`: what it wrote to stderr.
ToolError explain(std::string_view step, int exit_code, std::string_view errors);

// "vm not found: NAME": the machine is gone, which is what a removal wants.
bool says_not_found(std::string_view errors);

// "machine 'X' already exists …"
bool says_exists(std::string_view errors);

}  // namespace backend_smolmachines
