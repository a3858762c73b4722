// OwnValues: what must not leave this bottle in particular, its credentials and its canaries, in
// every spelling that is searched for. Immutable; may be shared by threads.
//
// Matches are exact, so there are no false ones: the value itself, base64 in both alphabets at its
// three phases, hexadecimal in both cases, base32 at its five phases, reversed, ROT13; and a
// skeleton (letters and digits alone, in one case) that sees through case and through signs strewn
// in. Other spellings are decoded before the search: text.h, stream.h.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "scan/beginnings.h"
#include "scan/finder.h"

namespace botbottle::scan {

// Shorter values are found in too many texts.
inline constexpr std::size_t kShortestOwnValue = kShortestLiteral;

struct OwnValue {
    enum class Kind : std::uint8_t { kSecret, kCanary };
    Kind kind = Kind::kSecret;
    std::string name;  // for people: the slot, never the value
    Secret value;
};

class OwnValues {
  public:
    // Values that are too short are left out and named in `left_out`.
    static Result<std::shared_ptr<const OwnValues>> create(const std::vector<OwnValue>& values);
    // A bottle's secrets by slot; a slot "canary.x" holds the canary x.
    static Result<std::shared_ptr<const OwnValues>> of_slots(
        const std::map<std::string, Secret>& secrets);

    OwnValues(const OwnValues&) = delete;
    OwnValues& operator=(const OwnValues&) = delete;

    bool empty() const noexcept { return rules_.empty(); }
    const Rule& rule(std::uint32_t pattern) const { return rules_[spellings_[pattern].rule]; }
    const Rule& skeleton_rule(std::uint32_t pattern) const {
        return rules_[skeletons_[pattern].rule];
    }
    std::size_t length(std::uint32_t pattern) const { return spellings_[pattern].bytes.size(); }
    const std::vector<Pattern>& spellings() const noexcept { return spellings_; }
    const Beginnings& beginnings() const { return *beginnings_; }
    const Beginnings& skeleton_beginnings() const { return *skeleton_beginnings_; }
    const Finder& finder() const { return *finder_; }
    const Finder& skeleton_finder() const { return *skeleton_finder_; }
    const std::vector<std::string>& left_out() const noexcept { return left_out_; }

  private:
    OwnValues() = default;
    void add(const OwnValue& value);

    std::vector<Rule> rules_;
    std::vector<Pattern> spellings_;
    std::vector<Pattern> skeletons_;
    std::vector<std::string> left_out_;
    std::unique_ptr<Finder> finder_;
    std::unique_ptr<Finder> skeleton_finder_;
    std::unique_ptr<Beginnings> beginnings_;
    std::unique_ptr<Beginnings> skeleton_beginnings_;
};

}  // namespace botbottle::scan
