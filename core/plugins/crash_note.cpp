#include "plugins/crash_note.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>

namespace botbottle {
namespace {

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr std::size_t kLongest = 200;

// Read by a signal handler: plain memory, complete before `running` says so.
std::array<char, kLongest> plugin = {};
std::atomic<bool> running = false;
std::array<struct sigaction, kCrashes.size()> before = {};

// Async-signal-safe.
void put(const char* text) {
    const ssize_t written = write(2, text, strlen(text));
    (void)written;
}

const char* name_of(int number) {
    switch (number) {
        case SIGSEGV:
            return "Segmentation fault";
        case SIGBUS:
            return "Bus error";
        case SIGFPE:
            return "Floating point exception";
        case SIGILL:
            return "Illegal instruction";
        default:
            return "Aborted";
    }
}

void put_note(const char* what_happened) {
    put("botbottle: error: ");
    put(plugin.data());
    put(what_happened);
}

// Whoever had the signal before gets it again, and ends the process.
void note_crash(int number) {
    if (running.exchange(false)) {
        put_note(" crashed (");
        put(name_of(number));
        put(") and takes botbottle along; `botbottle cleanup` finds what is left\n");
    }
    for (std::size_t i = 0; i < kCrashes.size(); ++i)
        sigaction(kCrashes[i], &before[i], nullptr);
    raise(number);
}

void note_exit() {
    if (running.exchange(false))
        put_note(" ended the process; `botbottle cleanup` finds what is left\n");
}

void install() {
    struct sigaction note = {};
    note.sa_handler = &note_crash;
    note.sa_flags = SA_NODEFER;
    for (std::size_t i = 0; i < kCrashes.size(); ++i)
        sigaction(kCrashes[i], &note, &before[i]);
    std::atexit(&note_exit);
}

}  // namespace

void CrashNote::prepare() {
    static const bool kInstalled = (install(), true);
    (void)kInstalled;
}

CrashNote::CrashNote(const std::string& what) {
    prepare();
    if (running) return;
    ours_ = true;
    const std::size_t size = std::min(what.size(), kLongest - 1);
    std::memcpy(plugin.data(), what.data(), size);
    plugin[size] = '\0';
    running = true;
}

CrashNote::~CrashNote() {
    if (ours_) running = false;
}

}  // namespace botbottle
