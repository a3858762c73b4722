// See push_holds.h.
#include "git-gate/push_holds.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace botbottle::git_gate {
namespace {

constexpr std::size_t kMostWaiting = 32;
// How long the other side may take to say that it has the question.
constexpr std::chrono::seconds kTimeToAsk{10};
constexpr const char* kPending = "pending";

}  // namespace

std::string name_of_question(const nlohmann::json& question) {
    const std::string text = question.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    std::size_t size = 0;
    // A name that two pushes share would let one go with the approval of the other.
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), digest.data(), &size) !=
        1)
        return {};
    std::string name = "push-";
    for (std::size_t i = 0; i < size; ++i) {
        name += "0123456789abcdef"[digest.at(i) >> 4U];
        name += "0123456789abcdef"[digest.at(i) & 15U];
    }
    return name;
}

void PushHolds::Waiting::give_up() {
    given_up_ = true;
    changed_.cancel();
}

void PushHolds::enable(Tell tell, std::chrono::seconds patience) {
    tell_ = std::move(tell);
    patience_ = patience;
}

std::shared_ptr<PushHolds::Waiting> PushHolds::open(const std::string& question) {
    std::erase_if(waiting_, [](const auto& entry) { return entry.second.expired(); });
    if (!tell_ || question.empty() || waiting_.size() >= kMostWaiting) return nullptr;
    auto waiting = std::make_shared<Waiting>(io_);
    waiting->question_ = question;
    waiting_.emplace(question, waiting);
    return waiting;
}

Task<PushAnswer> PushHolds::ask(std::shared_ptr<Waiting> waiting, nlohmann::json question) {
    const auto begin = std::chrono::steady_clock::now();
    const auto asked_by = begin + kTimeToAsk;
    const auto answered_by = begin + patience_;
    question["hold"] = waiting->question_;
    tell_("hold.asked", question);
    for (;;) {
        const PushAnswer& answer = waiting->answer_;
        if (waiting->given_up_) co_return PushAnswer{"failed", "", "nobody waits for it"};
        if (!answer.status.empty() && answer.status != kPending) co_return answer;
        const auto until = answer.status.empty() ? asked_by : answered_by;
        if (std::chrono::steady_clock::now() >= until) break;
        waiting->changed_.expires_at(until);
        (void)co_await waiting->changed_.async_wait(kAwait);
    }
    if (waiting->answer_.status == kPending) co_return waiting->answer_;
    co_return PushAnswer{"failed", "", "the operator's queue does not answer"};
}

void PushHolds::told(const std::string& question, const PushAnswer& answer) {
    const auto [first, last] = waiting_.equal_range(question);
    std::for_each(first, last, [&answer](const auto& entry) {
        const auto waiting = entry.second.lock();
        // A decision may come before the word that the question was taken.
        const bool decided =
            waiting && !waiting->answer_.status.empty() && waiting->answer_.status != kPending;
        if (!waiting || decided) return;
        waiting->answer_ = answer;
        waiting->changed_.cancel();
    });
}

void PushHolds::spent(const std::string& question) {
    tell_("hold.spent", {{"hold", question}});
}

}  // namespace botbottle::git_gate
