// What all workers of the process share. Everything here is thread-safe or constant.
#pragma once

#include <atomic>
#include <memory>

#include "audit/log.h"
#include "egress/holds.h"
#include "egress/resolver.h"
#include "egress/stats.h"
#include "tls/server_context.h"
#include "tls/trust_store.h"

namespace botbottle::egress {

struct Shared {
    Stats stats;
    Resolver resolver;
    Holds holds;
    tls::SystemRoots system_roots{tls::find_system_roots};
    std::unique_ptr<audit::AuditLog> audit;
    std::unique_ptr<tls::ServerIdentity> identity;
    std::size_t max_connections = 0;
    std::atomic<bool> draining{false};
};

}  // namespace botbottle::egress
