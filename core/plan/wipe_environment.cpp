// /proc/<pid>/environ shows the bytes that the kernel put on the stack at exec, whatever setenv and
// unsetenv did since. So the values are overwritten there, and in the copies that setenv may have
// made.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "plan/secrets.h"

namespace botbottle {
namespace {

struct Block {
    char* begin = nullptr;
    char* end = nullptr;
};

// Fields 50 and 51 of /proc/self/stat, counted from 1 (proc(5)). The program's name, field 2, may
// hold spaces and parentheses: counting starts behind its last one.
Block initial_block() {
    constexpr int kEnvStart = 50;
    std::ifstream file("/proc/self/stat");
    std::string stat((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream fields(stat.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < kEnvStart; ++field)
        fields >> skipped;
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    if (!(fields >> begin >> end) || begin == 0 || end < begin) return {};
    return {reinterpret_cast<char*>(begin), reinterpret_cast<char*>(end)};
}

bool is_entry_of(std::string_view entry, const std::string& name) {
    return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
}

void wipe_value(char* entry, std::size_t size, const std::string& name) {
    const std::size_t value = name.size() + 1;
    wipe_memory(entry + value, size - value);
}

}  // namespace

void wipe_host_variables(const std::vector<std::string>& names) {
    const Block block = initial_block();
    for (const std::string& name : names) {
        for (char* entry = block.begin; entry < block.end;) {
            const std::size_t size = strnlen(entry, static_cast<std::size_t>(block.end - entry));
            if (is_entry_of({entry, size}, name)) wipe_value(entry, size, name);
            entry += size + 1;
        }
        for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
            const std::size_t size = std::strlen(*entry);
            if (is_entry_of({*entry, size}, name)) wipe_value(*entry, size, name);
        }
        unsetenv(name.c_str());
    }
}

}  // namespace botbottle
