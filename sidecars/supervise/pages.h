// The endpoint for agents without MCP: three addresses that curl can use.
//
//   GET  /                        what there is, as text
//   GET  /routes                  what the bottle may reach
//   POST /proposals               the arguments of `egress-block`; ?wait=SECONDS
//   GET  /proposals/<id>          what became of it; ?wait=SECONDS
//   POST /proposals/<id>          {"justification": …}: why a push that waits should go
#pragma once

#include <string>
#include <string_view>

#include "supervise/tools.h"

namespace botbottle::supervise {

struct PageRequest {
    std::string_view method;
    std::string_view target;
    std::string_view body;
};

// NOLINTNEXTLINE(bugprone-exception-escape): moving a JSON document throws only by its declaration
struct Page {
    int status = 200;
    std::string text;  // of a page that is not JSON
    CallResult result;
};

Page answer_page(Service& service, const PageRequest& request);

}  // namespace botbottle::supervise
