// The command line: parses it and calls the command.
#pragma once

namespace botbottle::cli {

// The exit code of the whole program.
int run_command_line(int argc, char** argv);

}  // namespace botbottle::cli
