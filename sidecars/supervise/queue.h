// Queue: proposals and decisions on disk, so that no crash loses one.
//
//   <directory>/<id>.proposal.json   written here, when the agent asks
//   <directory>/<id>.decision.json   linked into place once, by the operator's command or, when
//                                    nobody answered in time, here: whoever is first decided
//                                    (once it lies in the archive, only this program writes it)
//   <directory>/archive/             both of them, once the agent can be told
//
// The operator's commands write into the same directory (core/supervise). Nothing in a file's name
// comes from the agent. All work is relative to the directory's descriptor.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "control/descriptor.h"
#include "supervise/proposal.h"

namespace botbottle::supervise {

class Queue {
  public:
    // Takes the directory, which must be ours, and reads what is open in it.
    static Result<Queue> open(control::Descriptor directory);

    const std::map<std::string, Proposal>& proposals() const { return open_; }
    // One that asks for the same, or null.
    const Proposal* find_equal(const std::string& tool, const Json& payload) const;

    // Gives it an id and keeps it. Errors are for the agent: `too_many_open`, `too_large`,
    // `queue_failed`.
    Result<std::string> add(Proposal proposal);

    // The proposal is kept anew, with this for its justification.
    Result<void> give_reason(const std::string& id, std::string justification);

    // Takes in what was decided since the last call, and what is past its time at `now`; all of
    // these are archived.
    std::vector<Decision> collect(Seconds now);

    // Nobody needs it any more: decided as expired, unless somebody was first.
    void expire(const std::string& id, const std::string& notes, Seconds now) const;

    // Also of an archived proposal. Nothing while it is open, or when there never was one.
    std::optional<Decision> decision(const std::string& id) const;
    bool is_open(const std::string& id) const { return open_.contains(id); }

    // In the archive: an approval of what has this `hold` in its payload that was given after
    // `since` and is not spent.
    std::optional<Decision> find_approved(const std::string& tool, const std::string& hold,
                                          Seconds since) const;
    bool spend(const std::string& id) const;

    int directory() const { return directory_.get(); }

  private:
    Queue(control::Descriptor directory, control::Descriptor archive)
        : directory_(std::move(directory)), archive_(std::move(archive)) {}

    void load();
    std::optional<Json> read(int directory, const std::string& name) const;
    Result<void> write_draft(const Json& document) const;
    Result<void> write_new(const std::string& name, const Json& document) const;
    Result<void> replace(int directory, const std::string& name, const Json& document) const;
    void archive(const std::string& id);
    void prune();

    control::Descriptor directory_;
    control::Descriptor archive_;
    std::map<std::string, Proposal> open_;
};

}  // namespace botbottle::supervise
