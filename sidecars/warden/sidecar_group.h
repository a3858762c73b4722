// SidecarGroup: the sidecars of one bottle, which start and end together.
//
// The bottle is up when every one of them serves; while it runs each lives and dies by itself.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "warden/sidecar.h"

namespace botbottle::warden {

// Must live until the io_context stopped running. No callback is made from inside a call.
class SidecarGroup {
  public:
    explicit SidecarGroup(boost::asio::io_context& io) : io_(io) {}
    SidecarGroup(const SidecarGroup&) = delete;
    SidecarGroup& operator=(const SidecarGroup&) = delete;

    // Before start().
    void add(SidecarPlan plan, SidecarEvents events);

    // Starts them all at once. `done`, called once: all of them answered, or the first failure.
    // After a failure the others go on until stop().
    void start(std::function<void(Result<void>)> done);

    // Ends them all; each has the whole grace.
    void stop(std::chrono::milliseconds grace, std::function<void()> done);

    // nullptr when this bottle has none of that name.
    Sidecar* find(std::string_view name);

    // One entry each, in the order in which they were added.
    nlohmann::json status() const;

  private:
    struct Member {
        std::string name;
        std::unique_ptr<Sidecar> sidecar;
    };

    void one_started(const Result<void>& outcome);

    boost::asio::io_context& io_;
    std::vector<Member> members_;
    std::size_t waiting_ = 0;  // for so many answers, or ends
    std::function<void(Result<void>)> started_;
};

}  // namespace botbottle::warden
