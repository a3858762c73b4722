// Error: what a function that can fail returns instead of a value.
//
// `code` is a stable lower_snake_case word for programs, `message` says what was wrong and where,
// `hint` what to do next (may be empty). An error is either returned or reported, never both.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace botbottle {

struct Error {
    std::string code;
    std::string message;
    std::string hint;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(std::string code, std::string message, std::string hint = {}) {
    return tl::make_unexpected(Error{std::move(code), std::move(message), std::move(hint)});
}

}  // namespace botbottle
