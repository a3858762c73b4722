// botbottle-machine: root's helper inside a bottle's virtual machine. README.md says for what.
//
//   botbottle-machine hold
//   botbottle-machine enter --uid N --gid N [--hostname NAME] [--pids N] [--forward PORT=NAME]…
//   botbottle-machine health --uid N [--timeout-ms N] [--probe ADDRESS:PORT]…
//   botbottle-machine signal SESSION NUMBER
#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "machine/enter.h"
#include "machine/health.h"
#include "machine/layout.h"
#include "session/packet.h"

namespace botbottle::machine {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

int complain(const std::string& message) {
    std::fprintf(stderr, "botbottle-machine: %s\n", message.c_str());
    return kUsage;
}

volatile std::sig_atomic_t told_to_end = 0;

// The machine's workload: lives as long as the machine, and reaps what is orphaned to it. As pid 1
// it gets only signals that it handles.
int hold() {
    sigset_t watched;
    sigemptyset(&watched);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT})
        sigaddset(&watched, number);
    sigset_t before;
    sigprocmask(SIG_BLOCK, &watched, &before);
    struct sigaction action = {};
    action.sa_handler = [](int number) {
        if (number != SIGCHLD) told_to_end = 1;
    };
    for (const int number : {SIGCHLD, SIGTERM, SIGINT})
        sigaction(number, &action, nullptr);
    while (told_to_end == 0) {
        sigsuspend(&before);
        while (waitpid(-1, nullptr, WNOHANG) > 0)
            continue;
    }
    return 0;
}

int run_enter(int count, char** words) {
    Entry entry;
    for (int i = 2; i + 1 < count; i += 2) {
        const std::string_view name = words[i];
        const std::string value = words[i + 1];
        if (name == "--uid")
            entry.uid = value;
        else if (name == "--gid")
            entry.gid = value;
        else if (name == "--pids")
            entry.pids = value;
        else if (name == "--hostname")
            entry.hostname = value;
        else if (name == "--forward" && value.find('=') != std::string::npos)
            entry.forwards.push_back(value);
        else
            return complain("wrong arguments");
    }
    if (count % 2 != 0 || entry.uid.empty() || entry.gid.empty())
        return complain("wrong arguments");
    const auto entered = enter(entry);
    if (entered) return 0;
    // Where `health` finds it: nobody reads what a detached program writes.
    std::ofstream(kFailure) << entered.error().message << '\n';
    std::fprintf(stderr, "botbottle-machine: %s\n", entered.error().message.c_str());
    return kFailed;
}

int run_health(int count, char** words) {
    HealthCheck check;
    for (int i = 2; i + 1 < count; i += 2) {
        const std::string_view name = words[i];
        if (name == "--uid") {
            check.uid = words[i + 1];
        } else if (name == "--probe") {
            check.probes.emplace_back(words[i + 1]);
        } else if (name == "--timeout-ms") {
            const auto number = session::parse_number(words[i + 1], 0, 600'000);
            if (!number) return complain("wrong arguments");
            check.timeout_ms = *number;
        } else {
            return complain("wrong arguments");
        }
    }
    std::printf("%s\n", health(check).c_str());
    return 0;
}

// To the client of that session: it is a process of ours, outside of the bottle's view.
int run_signal(const std::string& session, const std::string& number) {
    const auto parsed = session::parse_number(number, 1, NSIG - 1);
    if (!parsed || session.empty()) return complain("wrong arguments");
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir("/proc"), closedir);
    if (!stream) return kFailed;
    const std::string result = std::string(kOut) + "/" + session;
    while (const dirent* const entry = readdir(stream.get())) {
        const auto pid = session::parse_number(entry->d_name, 2, 1 << 30);
        if (!pid || *pid == getpid()) continue;
        std::ifstream file("/proc/" + std::string(entry->d_name) + "/cmdline");
        std::ostringstream words;
        words << file.rdbuf();
        const std::string line = words.str();
        if (!line.starts_with(std::string(kIn) + "/botbottle-session") ||
            line.find(result + '\0') == std::string::npos)
            continue;
        kill(static_cast<pid_t>(*pid), static_cast<int>(*parsed));
        return 0;
    }
    return kFailed;
}

int run(int count, char** words) {
    const std::string_view command = count > 1 ? words[1] : "";
    if (command == "hold" && count == 2) return hold();
    if (command == "enter") return run_enter(count, words);
    if (command == "health") return run_health(count, words);
    if (command == "signal" && count == 4) return run_signal(words[2], words[3]);
    return complain("wrong arguments");
}

}  // namespace
}  // namespace botbottle::machine

int main(int count, char** words) {
    return botbottle::machine::run(count, words);
}
