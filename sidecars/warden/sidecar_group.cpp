#include "warden/sidecar_group.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>
#include <utility>

namespace botbottle::warden {

void SidecarGroup::add(SidecarPlan plan, SidecarEvents events) {
    std::string name = plan.name;
    members_.push_back(
        {std::move(name), std::make_unique<Sidecar>(io_, std::move(plan), std::move(events))});
}

void SidecarGroup::start(std::function<void(Result<void>)> done) {
    started_ = std::move(done);
    waiting_ = members_.size();
    for (const Member& member : members_)
        member.sidecar->start([this](const Result<void>& outcome) { one_started(outcome); });
}

void SidecarGroup::one_started(const Result<void>& outcome) {
    --waiting_;
    if (!started_ || (outcome && waiting_ > 0)) return;
    std::exchange(started_, nullptr)(outcome);
}

void SidecarGroup::stop(std::chrono::milliseconds grace, std::function<void()> done) {
    started_ = nullptr;
    waiting_ = members_.size();
    if (members_.empty()) return boost::asio::post(io_, std::move(done));
    const auto one_ended = [this, done = std::move(done)] {
        if (--waiting_ == 0) done();
    };
    for (const Member& member : members_)
        member.sidecar->stop(grace, one_ended);
}

Sidecar* SidecarGroup::find(std::string_view name) {
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const Member& member) { return member.name == name; });
    return found == members_.end() ? nullptr : found->sidecar.get();
}

nlohmann::json SidecarGroup::status() const {
    auto list = nlohmann::json::array();
    for (const Member& member : members_)
        list.push_back(member.sidecar->status());
    return list;
}

}  // namespace botbottle::warden
