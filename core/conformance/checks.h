// What is tried. Each runs in a child process, loads the library itself, and says what it found;
// the one that needs no load says so.
#pragma once

#include "conformance/finding.h"

namespace botbottle::conformance {

// Without running any code of it: who can write it, its name, what it asks of the system.
Findings check_file(const QString& path);

// That it loads, describes itself twice the same and without side effects, and is called so.
Findings check_load(const QString& path);

// Instances come, keep their promises, and go.
Findings check_instance(const QString& path);

// Every operation with good requests, and what it leaves behind.
Findings check_operations(const QString& path);

// Every operation with requests that are wrong in all ways; malformed ones must be refused.
Findings check_hostile(const QString& path);

// The same operation two hundred times: descriptors, threads, memory; and from other threads.
Findings check_leaks(const QString& path);

}  // namespace botbottle::conformance
