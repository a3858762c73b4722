// The coroutine type of this program: bound to a worker's own executor, so that no call goes
// through a type-erased one.
//
// GCC 12 lays a coroutine's frame out wrongly when a condition awaits in a scope without a
// variable: the condition's value comes to stand before the frame's header, and the first
// resumption runs on garbage. So here co_await stands in no condition and in no operand of && ||
// ?:, but initializes a variable. And a lambda that captures, made as an argument of what is
// awaited, is destroyed twice: it gets a name first (tests/unit/egress/coroutines_test.py holds
// both).
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>

namespace botbottle::egress {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <typename T>
using Task = asio::awaitable<T, Executor>;

// Awaits an operation without a coroutine frame of its own, and gives errors as values.
inline constexpr auto kAwait = asio::as_tuple(asio::deferred);

}  // namespace botbottle::egress
