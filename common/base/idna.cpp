// libidn2 maps, Host::parse judges: nothing that the library returns is trusted.
#include "base/idna.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <string>

namespace botbottle {

Result<Host> host_from_unicode(std::string_view text) {
    const bool ascii = std::all_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (ascii) return Host::parse(text);
    if (text.find('\0') != std::string_view::npos) {
        return failure("invalid_host", "the host name holds a control byte");
    }

    const std::string terminated(text);
    char* found = nullptr;
    // Not IDN2_USE_STD3_ASCII_RULES: libidn2 2.3.3 then drops what the rules disallow instead of
    // refusing it (`u@bücher` becomes `ubücher`). Host::parse refuses the same bytes below.
    const int status = idn2_to_ascii_8z(terminated.c_str(), &found, IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, decltype(&idn2_free)> a_labels(found, idn2_free);
    if (status != IDN2_OK) {
        return failure("invalid_host",
                       std::string("not an international host name: ") + idn2_strerror(status));
    }
    auto host = Host::parse(a_labels.get());
    // UTS-46 maps full-width digits to ASCII ones: a name that looks like a name must not be an
    // address.
    if (host && host->is_ip()) {
        return failure("invalid_host", "this spelling of an IP address is not allowed",
                       "write it in ASCII digits");
    }
    return host;
}

}  // namespace botbottle
