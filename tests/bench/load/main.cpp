// bench-load: the client and the origin of the egress benchmark (tests/bench/egress drives it).
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <string>

#include "client.h"
#include "origin.h"
#include "tls.h"

namespace {

constexpr const char* kUsage =
    "usage: bench-load origin --certificate FILE --key FILE [--require 'name: value']\n"
    "       bench-load client --origin PORT --authority FILE --path PATH… [--proxy ADDRESS]\n"
    "                  [--authorization VALUE] [--method GET] [--body BYTES] [--connections N]\n"
    "                  [--reconnect 1] [--events 1] [--denials 1] [--warm-up MS] [--duration MS]\n";

using Setters = std::map<std::string, std::function<void(const std::string&)>>;

void read_options(int count, char** words, const Setters& setters) {
    for (int i = 2; i + 1 < count; i += 2) {
        const auto found = setters.find(words[i]);
        if (found == setters.end()) bench::fail(kUsage);
        found->second(words[i + 1]);
    }
    if (count % 2 != 0) bench::fail(kUsage);
}

int origin(int count, char** words) {
    bench::OriginOptions options;
    read_options(count, words,
                 {{"--certificate", [&](const auto& value) { options.certificate_file = value; }},
                  {"--key", [&](const auto& value) { options.key_file = value; }},
                  {"--require", [&](const auto& value) { options.required_header = value; }}});
    return bench::run_origin(options);
}

double percentile(std::vector<std::uint64_t>& values, std::size_t percent) {
    if (values.empty()) return 0;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() * percent / 100);
    std::nth_element(values.begin(), at, values.end());
    return static_cast<double>(*at) / 1000;
}

int client(int count, char** words) {
    bench::ClientOptions options;
    using std::chrono::milliseconds;
    read_options(count, words,
                 {{"--proxy", [&](const auto& value) { options.proxy = value; }},
                  {"--origin", [&](const auto& value) { options.origin_port = std::stoi(value); }},
                  {"--authority", [&](const auto& value) { options.authority = value; }},
                  {"--method", [&](const auto& value) { options.method = value; }},
                  {"--authorization", [&](const auto& value) { options.authorization = value; }},
                  {"--path", [&](const auto& value) { options.paths.push_back(value); }},
                  {"--body", [&](const auto& value) { options.body = std::stoull(value); }},
                  {"--connections",
                   [&](const auto& value) {
                       options.connections = static_cast<unsigned>(std::stoul(value));
                   }},
                  {"--reconnect", [&](const auto& value) { options.reconnect = value == "1"; }},
                  {"--denials", [&](const auto& value) { options.denials = value == "1"; }},
                  {"--events", [&](const auto& value) { options.events = value == "1"; }},
                  {"--warm-up",
                   [&](const auto& value) { options.warm_up = milliseconds(std::stoi(value)); }},
                  {"--duration",
                   [&](const auto& value) { options.duration = milliseconds(std::stoi(value)); }}});
    if (options.paths.empty()) bench::fail(kUsage);
    bench::Measurement measured = bench::run_client(options);
    const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf(
        "{\"responses\": %llu, \"denials\": %llu, \"bytes\": %llu, \"seconds\": %.6f, "
        "\"warm_up_responses\": %llu, "
        "\"warm_up_bytes\": %llu, \"delay_p50_us\": %.1f, \"delay_p99_us\": %.1f}\n",
        number(measured.responses), number(measured.denials), number(measured.bytes),
        measured.seconds, number(measured.warm_up_responses), number(measured.warm_up_bytes),
        percentile(measured.delays_ns, 50), percentile(measured.delays_ns, 99));
    return 0;
}

}  // namespace

int main(int count, char** words) {
    signal(SIGPIPE, SIG_IGN);
    if (count >= 2 && std::strcmp(words[1], "origin") == 0) return origin(count, words);
    if (count >= 2 && std::strcmp(words[1], "client") == 0) return client(count, words);
    bench::fail(kUsage);
}
