// What an agent proposes: a wish that is taken is canonical, so that it is taken again as the same,
// and what is written of it is ASCII without control bytes.
#include <cstdlib>
#include <string_view>

#include "supervise/document.h"
#include "supervise/route_request.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace botbottle::supervise;
    const auto document = parse_document({reinterpret_cast<const char*>(data), size});
    if (!document) return 0;
    for (const char c : write_document(*document))
        if (c < 0x20 || c > 0x7e) std::abort();
    const auto route = canonical_route(*document);
    if (!route) {
        if (route.error().message.empty()) std::abort();
        return 0;
    }
    const auto again = canonical_route(*route);
    if (!again || *again != *route) std::abort();
    return 0;
}
