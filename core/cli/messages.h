// What botbottle says on stderr: "botbottle: …", "botbottle: warning: …", "botbottle: error: …".
//
// All of it goes through spdlog, plugins' log lines included; BOTBOTTLE_LOG=debug or -v shows more.
// Nothing in a message drives the terminal; a line break is kept, so what an agent can name must
// have lost its own before.
#pragma once

#include <QString>

#include "base/error.h"
#include "cli/exit_code.h"

namespace botbottle::cli {

void set_up_messages(bool verbose);

// Whether debug messages are shown.
bool verbose();

void say(const QString& message);
void warn(const QString& message);

// The message, and its hint on a second line.
void complain(const Error& error);

// complain() and the exit code, for the end of a command.
int fail(const Error& error, ExitCode otherwise = kFailed);

// `phase <name> <milliseconds>`, shown with debug messages.
void report_phase(const QString& name, double milliseconds);

// A line that replaces itself on a terminal; elsewhere a plain line now and then.
void show_progress(const QString& message);
void clear_progress();

}  // namespace botbottle::cli
