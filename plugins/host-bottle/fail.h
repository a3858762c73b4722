// Errors of this plugin: thrown as OperationError, which plugin.hpp turns into the host's document.
#pragma once

#include <botbottle/plugin.hpp>
#include <string>
#include <string_view>

namespace host_bottle {

using botbottle::plugin::OperationError;

[[noreturn]] void fail(std::string code, std::string message, std::string hint = {});
[[noreturn]] void fail_invalid(std::string message);
[[noreturn]] void fail_unavailable(std::string code, std::string message, std::string hint);

// "<what>: <text of errno>", with code "system".
[[noreturn]] void fail_errno(const std::string& what);
[[noreturn]] void fail_errno(const std::string& what, int error);

}  // namespace host_bottle
