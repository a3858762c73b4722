#include "files/system_error.h"

#include <cerrno>
#include <cstring>

namespace botbottle::files {

tl::unexpected<Error> system_failure(std::string code, std::string_view action,
                                     std::string_view path, std::string hint) {
    const int error = errno;
    std::string message = "cannot ";
    message += action;
    message += ' ';
    message += path;
    message += ": ";
    message += std::strerror(error);
    return failure(std::move(code), std::move(message), std::move(hint));
}

}  // namespace botbottle::files
