// The ClientHello of a tunnel that is not decrypted: what is refused stays refused whatever
// follows, and what is good was not refused before.
#include <cstdlib>
#include <string_view>

#include "tls/client_hello.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace botbottle;
    static const Host host = *Host::parse("opaque.example");
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = tls::judge_client_hello(bytes, host);
    if (whole.state == tls::HelloState::kRefused && whole.rule.empty()) std::abort();
    for (std::size_t cut = 0; cut < size; cut += 1 + size / 32) {
        const auto part = tls::judge_client_hello(bytes.substr(0, cut), host);
        const bool same = part.state == whole.state && part.rule == whole.rule;
        if (part.state != tls::HelloState::kNeedMore && !same) std::abort();
    }
    return 0;
}
