// botbottle-probe: tries to get out of the bottle that it runs in, one process per attempt, and
// says how each attempt ended. README.md describes the interface.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <set>

#include "probe/attempts.h"

namespace botbottle::probe {
namespace {

constexpr int kTimeoutMs = 5000;

std::vector<Attempt> all_attempts() {
    std::vector<Attempt> all;
    for (const auto* group :
         {&network_attempts(), &network_kind_attempts(), &kernel_attempts(), &process_attempts(),
          &privilege_attempts(), &file_attempts(), &controls()})
        all.insert(all.end(), group->begin(), group->end());
    return all;
}

// The child writes one byte, the outcome, and then the detail.
[[noreturn]] void run_child(const Attempt& attempt, const Targets& targets, int out) {
    const Finding finding = attempt.run(targets);
    const char outcome = static_cast<char>('0' + static_cast<int>(finding.outcome));
    const std::string message = outcome + finding.detail.substr(0, 4000);
    (void)!write(out, message.data(), message.size());
    _exit(0);
}

std::string read_until(int in, pid_t child, bool& timed_out) {
    std::string message;
    char buffer[4096];
    struct pollfd ready = {in, POLLIN, 0};
    for (;;) {
        if (poll(&ready, 1, kTimeoutMs) <= 0) {
            timed_out = true;
            kill(child, SIGKILL);
            return message;
        }
        const ssize_t count = read(in, buffer, sizeof buffer);
        if (count <= 0) return message;
        message.append(buffer, static_cast<std::size_t>(count));
    }
}

Finding run(const Attempt& attempt, const Targets& targets) {
    if (attempt.target[0] != '\0' && targets.all(attempt.target).empty())
        return skipped(std::string("no --target ") + attempt.target);
    int ends[2];
    if (pipe(ends) != 0) return skipped(with_errno("pipe"));
    const pid_t child = fork();
    if (child < 0) return skipped(with_errno("fork"));
    if (child == 0) {
        close(ends[0]);
        run_child(attempt, targets, ends[1]);
    }
    close(ends[1]);
    bool timed_out = false;
    const std::string message = read_until(ends[0], child, timed_out);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (timed_out) {
        const char* detail = "no answer within 5 s";
        return attempt.hanging_is_escape ? escaped(detail) : blocked(detail);
    }
    if (!message.empty()) return {static_cast<Outcome>(message[0] - '0'), message.substr(1)};
    if (WIFSIGNALED(status)) return blocked(std::string("killed: ") + strsignal(WTERMSIG(status)));
    return blocked("ended without a word");
}

void list(const std::vector<Attempt>& attempts) {
    for (const Attempt& attempt : attempts)
        std::printf("{\"name\": %s, \"claim\": %s, \"summary\": %s, \"target\": %s}\n",
                    json_string(attempt.name).c_str(), json_string(attempt.claim).c_str(),
                    json_string(attempt.summary).c_str(), json_string(attempt.target).c_str());
}

bool report(const Attempt& attempt, const Finding& finding) {
    std::printf("{\"name\": %s, \"claim\": %s, \"outcome\": \"%s\", \"detail\": %s}\n",
                json_string(attempt.name).c_str(), json_string(attempt.claim).c_str(),
                std::string(outcome_name(finding.outcome)).c_str(),
                json_string(finding.detail).c_str());
    std::fflush(stdout);
    return finding.outcome != Outcome::kEscaped && finding.outcome != Outcome::kBroken;
}

int usage(const char* wrong) {
    std::fprintf(stderr,
                 "botbottle-probe: %s\nusage: botbottle-probe [--list] [--only NAME]... "
                 "[--target KIND=VALUE]... [--even-outside]\n",
                 wrong);
    return 2;
}

int probe(int argc, char** argv) {
    const std::vector<Attempt> attempts = all_attempts();
    std::set<std::string> known;
    for (const Attempt& attempt : attempts)
        known.insert(attempt.name);
    Targets targets;
    std::set<std::string> only;
    bool outside_is_meant = false;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        if (option == "--list") {
            list(attempts);
            return 0;
        }
        const bool has_value = i + 1 < argc;
        if (option == "--even-outside") {
            outside_is_meant = true;
            continue;
        }
        if (option == "--only" && has_value && known.count(argv[i + 1]) != 0)
            only.insert(argv[++i]);
        else if (option == "--target" && has_value && targets.add(argv[i + 1]))
            ++i;
        else
            return usage(
                ("not understood: " + option + (has_value ? std::string(" ") + argv[i + 1] : ""))
                    .c_str());
    }
    if (!outside_is_meant && access("/run/botbottle/sockets", F_OK) != 0)
        return usage("this is not the inside of a bottle; --even-outside attacks whatever is here");
    signal(SIGPIPE, SIG_IGN);
    bool held = true;
    for (const Attempt& attempt : attempts) {
        if (!only.empty() && only.count(attempt.name) == 0) continue;
        held = report(attempt, run(attempt, targets)) && held;
    }
    return held ? 0 : 1;
}

}  // namespace
}  // namespace botbottle::probe

int main(int argc, char** argv) {
    return botbottle::probe::probe(argc, argv);
}
