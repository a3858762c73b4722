// The functions that a shared library asks of others, read from its file: no code of it runs.
#pragma once

#include <QByteArray>
#include <QStringList>

#include "base/error.h"

namespace botbottle::conformance {

// The undefined dynamic symbols of a 64-bit little-endian ELF file, without versions.
Result<QStringList> elf_imports(const QByteArray& file);

}  // namespace botbottle::conformance
