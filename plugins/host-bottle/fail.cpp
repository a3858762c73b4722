#include "fail.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace host_bottle {

void fail(std::string code, std::string message, std::string hint) {
    throw OperationError(BOTBOTTLE_FAILED, std::move(code), std::move(message), std::move(hint));
}

void fail_invalid(std::string message) {
    throw OperationError(BOTBOTTLE_INVALID_REQUEST, "invalid_request", std::move(message));
}

void fail_unavailable(std::string code, std::string message, std::string hint) {
    throw OperationError(BOTBOTTLE_UNAVAILABLE, std::move(code), std::move(message),
                         std::move(hint));
}

void fail_errno(const std::string& what) {
    fail_errno(what, errno);
}

void fail_errno(const std::string& what, int error) {
    fail("system", what + ": " + std::strerror(error));
}

}  // namespace host_bottle
