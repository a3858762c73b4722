// Canonical forms: making one twice changes nothing, and the decision on a request is the decision
// on its canonical form. Input: an authority, a line end, a target.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/host.h"
#include "base/route_path.h"
#include "policy/credential.h"
#include "policy/policy.h"

namespace {

using namespace botbottle;

void require(bool holds) {
    if (!holds) std::abort();
}

const policy::PolicySnapshot& snapshot() {
    static const auto made = *policy::PolicySnapshot::from_json(nlohmann::json::parse(R"({
        "schema": "botbottle.policy/1", "revision": 1, "routes": [
            {"host": "whole.example", "ports": [443]},
            {"host": "*.wild.example", "ports": [443, 8443], "methods": ["GET"]},
            {"host": "paths.example", "ports": [443], "path_allowlist": ["/v1/", "/repos/me"]},
            {"host": "git.example", "ports": [443], "git": {"fetch": true}}]})"));
    return *made;
}

void check(const Authority& authority, std::string_view target) {
    const auto first = snapshot().decide({policy::Scheme::kHttps, authority, "GET", target});
    if (!first.allowed) return;
    const auto again = Authority::parse(authority.text(), 443);
    require(again && *again == authority);
    const auto second = snapshot().decide({policy::Scheme::kHttps, *again, "GET", first.target});
    require(second.allowed && second.route == first.route && second.target == first.target);
    require(snapshot().decide_connect(authority).allowed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto end = input.find('\n');
    const std::string_view written = input.substr(0, end);
    const std::string_view target =
        end == std::string_view::npos ? std::string_view() : input.substr(end + 1);

    if (const auto host = Host::parse(written)) {
        const auto again = Host::parse(host->text());
        require(again && *again == *host);
    }
    const auto path = target.substr(0, target.find('?'));
    if (const auto canonical = RoutePath::canonicalize(path)) {
        const auto again = RoutePath::canonicalize(canonical->text());
        require(again && again->text() == canonical->text());
    }
    const std::string left = policy::without_parameter(target, "api_key");
    require(policy::without_parameter(left, "api_key") == left);
    require(left.size() <= target.size());

    if (const auto authority = Authority::parse(written, 443)) check(*authority, target);
    for (const char* host : {"whole.example", "a.wild.example", "paths.example", "git.example"})
        check(*Authority::parse(host, 443), target);
    return 0;
}
