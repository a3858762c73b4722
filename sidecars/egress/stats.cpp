// See stats.h.
#include "egress/stats.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace botbottle::egress {

namespace {

std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    statm >> total >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

RouteCounters& Stats::route(const std::string& host) {
    const std::lock_guard lock(mutex_);
    auto& counters = routes_[host];
    if (!counters) counters = std::make_unique<RouteCounters>();
    return *counters;
}

nlohmann::json Stats::to_json(bool audit_healthy) const {
    auto routes = nlohmann::json::array();
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [host, counters] : routes_)
            routes.push_back({{"host", host},
                              {"requests", counters->requests.get()},
                              {"denied", counters->denied.get()},
                              {"bytes_up", counters->bytes_up.get()},
                              {"bytes_down", counters->bytes_down.get()}});
    }
    const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started);
    return {
        {"requests", {{"allowed", allowed.get()}, {"denied", denied.get()}}},
        {"scanner", {{"caught", caught.get()}}},
        {"bytes", {{"up", bytes_up.get()}, {"down", bytes_down.get()}}},
        {"connections", {{"open", connections_open.get()}, {"total", connections_total.get()}}},
        {"routes", std::move(routes)},
        {"upstream", {{"connects", upstream_connects.get()}, {"reused", upstream_reused.get()}}},
        {"audit", {{"healthy", audit_healthy}}},
        {"uptime_ms", uptime.count()},
        {"rss_bytes", resident_bytes()}};
}

std::string Stats::to_prometheus(bool audit_healthy) const {
    std::string out;
    const auto family = [&out](std::string_view name, std::string_view type,
                               std::string_view help) {
        out.append("# HELP ").append(name).append(" ").append(help).append("\n");
        out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    };
    const auto sample = [&out](std::string_view name, const std::string& labels,
                               std::uint64_t value) {
        out.append(name).append(labels).append(" ").append(std::to_string(value)).append("\n");
    };
    family("botbottle_egress_requests_total", "counter", "Decisions by verdict.");
    sample("botbottle_egress_requests_total", "{verdict=\"allowed\"}", allowed.get());
    sample("botbottle_egress_requests_total", "{verdict=\"denied\"}", denied.get());
    family("botbottle_egress_scan_caught_total", "counter",
           "Requests that a secret was found in, or that could not be scanned.");
    sample("botbottle_egress_scan_caught_total", "", caught.get());
    family("botbottle_egress_payload_bytes_total", "counter", "Bytes of bodies and tunnels.");
    sample("botbottle_egress_payload_bytes_total", "{direction=\"up\"}", bytes_up.get());
    sample("botbottle_egress_payload_bytes_total", "{direction=\"down\"}", bytes_down.get());
    family("botbottle_egress_connections", "gauge", "Open connections from the bottle.");
    sample("botbottle_egress_connections", "", connections_open.get());
    family("botbottle_egress_connections_total", "counter", "Connections from the bottle.");
    sample("botbottle_egress_connections_total", "", connections_total.get());
    family("botbottle_egress_requests_open", "gauge", "Requests and tunnels being served.");
    sample("botbottle_egress_requests_open", "", requests_open.get());
    family("botbottle_egress_upstream_connections_total", "counter", "Connections to origins.");
    sample("botbottle_egress_upstream_connections_total", "{kind=\"new\"}",
           upstream_connects.get());
    sample("botbottle_egress_upstream_connections_total", "{kind=\"reused\"}",
           upstream_reused.get());
    family("botbottle_egress_audit_healthy", "gauge", "1 while the record can be written.");
    sample("botbottle_egress_audit_healthy", "", audit_healthy ? 1 : 0);
    family("botbottle_egress_resident_bytes", "gauge", "Resident memory of the process.");
    sample("botbottle_egress_resident_bytes", "", resident_bytes());
    // Route names are canonical hosts: nothing in them needs escaping.
    const std::lock_guard lock(mutex_);
    const auto by_route = [&](std::string_view name, std::string_view help, const auto& value) {
        family(name, "counter", help);
        for (const auto& [route, counters] : routes_)
            sample(name, "{route=\"" + route + "\"}", value(*counters));
    };
    by_route("botbottle_egress_route_requests_total", "Decisions on requests of a route.",
             [](const RouteCounters& counters) { return counters.requests.get(); });
    by_route("botbottle_egress_route_denied_total", "Those that were denied.",
             [](const RouteCounters& counters) { return counters.denied.get(); });
    by_route("botbottle_egress_route_budget_bytes_total", "Bytes that count against its budget.",
             [](const RouteCounters& counters) { return counters.usage.bytes.get(); });
    return out;
}

}  // namespace botbottle::egress
