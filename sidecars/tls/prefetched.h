// Prefetched: a value that takes a while to make, made once, on a thread of its own, and not before
// somebody may need it.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <utility>

namespace botbottle::tls {

// Thread-safe.
template <typename T>
class Prefetched {
  public:
    explicit Prefetched(std::function<T()> make) : make_(std::move(make)) {}

    // Begins to make it; returns at once.
    void prefetch() const {
        std::call_once(begun_, [this] {
            const auto make = [this] { return std::make_unique<const T>(make_()); };
            value_ = std::async(std::launch::async, make).share();
        });
    }

    // Waits until it is made, which this begins if need be.
    const T& wait() const {
        prefetch();
        return *value_.get();
    }

  private:
    std::function<T()> make_;
    mutable std::once_flag begun_;
    mutable std::shared_future<std::unique_ptr<const T>> value_;
};

}  // namespace botbottle::tls
