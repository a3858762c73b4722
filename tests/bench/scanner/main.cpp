// bench-scan: how fast the scanner reads files, beside RE2 with the same rules.
//
//   bench-scan --patterns    one expression a line, for grep -P
//   bench-scan SECONDS FILE… "FILE scanner 123.4 5" a line: MB per second of processor time, the
//                            fastest of several runs, and what was found; then the same of RE2
//
// The scanner sees what the egress would show it: pieces of 16 KiB, and a secret of the bottle's
// own to look for. RE2 sees whole files, and says which rules match at all: less than the scanner
// does.
#include <re2/set.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "scan/stream.h"

namespace {

using namespace botbottle;

constexpr std::size_t kPiece = 16384;

int fail(const std::string& problem) {
    std::fprintf(stderr, "bench-scan: error: %s\n", problem.c_str());
    return EXIT_FAILURE;
}

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Seconds of the fastest run; at least three are made.
template <typename Work>
double fastest(double budget, Work work) {
    constexpr int kFewest = 3;
    double best = 1e9;
    double spent = 0;
    for (int run = 0; run < kFewest || spent < budget; ++run) {
        const double began = processor_seconds();
        work();
        const double took = processor_seconds() - began;
        best = std::min(best, took);
        spent += took;
    }
    return best;
}

void report(const char* file, const char* engine, std::size_t bytes, double seconds,
            std::size_t found) {
    std::printf("%s %s %.1f %zu\n", file, engine, static_cast<double>(bytes) / seconds / 1e6,
                found);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return fail("name what to do: --patterns, or SECONDS FILE…");
    const auto rules = scan::Rules::load();
    if (!rules) return fail(rules.error().message);
    if (std::string_view(argv[1]) == "--patterns") {
        for (const scan::Pattern& pattern : (*rules)->patterns())
            std::printf("%s\n", pattern.text.c_str());
        return EXIT_SUCCESS;
    }
    char* end = nullptr;
    const double budget = std::strtod(argv[1], &end);
    if (end == argv[1]) return fail("the seconds are no number");
    RE2::Options options(RE2::Quiet);
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_dot_nl(true);
    options.set_max_mem(256 << 20);
    RE2::Set set(options, RE2::UNANCHORED);
    for (const scan::Pattern& pattern : (*rules)->patterns())
        if (set.Add(pattern.text, nullptr) < 0) return fail("RE2 refuses " + pattern.text);
    if (!set.Compile()) return fail("RE2 has no memory");
    std::vector<scan::OwnValue> values;
    values.push_back({scan::OwnValue::Kind::kSecret, "bench",
                      Secret("bench-Qm3vZx81LkPdWq07TnRbYc52HsJfGe94UaXiOo6MzKtVwBhDyNlSgEjCrFp")});
    const auto own = scan::OwnValues::create(values);
    if (!own) return fail(own.error().message);

    for (int argument = 2; argument < argc; ++argument) {
        std::ifstream file(argv[argument], std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        if (text.empty()) return fail(std::string("cannot read ") + argv[argument]);
        scan::Stream stream(*rules, *own);
        std::size_t found = 0;
        const double scanned = fastest(budget, [&] {
            stream.reset();
            for (std::size_t at = 0; at < text.size(); at += kPiece)
                (void)stream.feed(std::string_view(text).substr(at, kPiece));
            (void)stream.finish();
            found = stream.findings().size();
        });
        report(argv[argument], "scanner", text.size(), scanned, found);
        std::vector<int> matching;
        const double matched = fastest(budget, [&] { (void)set.Match(text, &matching); });
        report(argv[argument], "re2", text.size(), matched, matching.size());
    }
    return EXIT_SUCCESS;
}
