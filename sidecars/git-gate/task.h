// The coroutine type of this program, as in egress/task.h: bound to the one executor, and with
// co_await in no condition and in no operand, and no lambda that captures among the arguments of
// what is awaited, because GCC 12 lays such frames out wrongly.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

namespace botbottle::git_gate {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <typename T>
using Task = asio::awaitable<T, Executor>;

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// Awaits an operation without a coroutine frame of its own, and gives errors as values.
inline constexpr auto kAwait = asio::as_tuple(asio::deferred);

}  // namespace botbottle::git_gate
