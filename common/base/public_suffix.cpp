#include "base/public_suffix.h"

#include <libpsl.h>

#include <string>

namespace botbottle {

Result<void> check_names_below(const Host& host) {
    if (host.is_ip()) return {};
    // Without the list's last rule, which takes each unknown name for a suffix.
    constexpr int kKnown = PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE;
    const auto is_suffix = [](const std::string& name) {
        return psl_is_public_suffix2(psl_builtin(), name.c_str(), kKnown) != 0;
    };
    // The list has "*.ck" for suffixes one label further down.
    if (!is_suffix(host.text()) && !is_suffix("any-name." + host.text())) return {};
    return failure("public_suffix",
                   "anybody can have a name below " + host.text() + ", so that \"*." + host.text() +
                       "\" would be open to everybody",
                   "name each host, or write *. before a domain that has one owner");
}

}  // namespace botbottle
