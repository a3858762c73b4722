// Wipes the variables that its arguments name, then prints what /proc/self/environ still shows, and
// whether getenv still finds them.
#include <QCoreApplication>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "plan/secrets.h"

int main(int argc, char** argv) {
    // Two ways in which a value can come to stand elsewhere too.
    setenv("COPIED", getenv("COPIED") ? getenv("COPIED") : "", 1);
    static char own[] = "PUT=canary-put";
    putenv(own);

    const std::vector<std::string> names(argv + 1, argv + argc);
    botbottle::wipe_host_variables(names);

    std::ifstream file("/proc/self/environ");
    std::string block((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (char& byte : block) {
        if (byte == '\0') byte = '\n';
    }
    std::fputs(block.c_str(), stdout);
    for (const std::string& name : names) {
        std::printf("getenv %s: %s\n", name.c_str(), getenv(name.c_str()) ? "set" : "unset");
    }
    std::printf("own buffer: %s\n", own);
    return 0;
}
