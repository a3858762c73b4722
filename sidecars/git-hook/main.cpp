// botbottle-git-hook: git's pre-receive hook of a git-gate's mirrors. It judges the refs and
// searches what is new, and only then lets the gate send it to the upstream. What it says on stderr
// git shows to who pushes ("remote: botbottle: …"); any other end than a whole push is a refusal.
#include <signal.h>
#include <stdlib.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "control/fields.h"
#include "git-hook/gate_link.h"
#include "git-hook/push_scan.h"
#include "git-hook/ref_rules.h"
#include "scan/own_values.h"

namespace {

using namespace botbottle;
using namespace botbottle::git_hook;
using nlohmann::json;

constexpr std::size_t kMostUpdates = 1000;

void say(const std::string& text) {
    std::fprintf(stderr, "botbottle: %s\n", visible(text).c_str());
}

std::optional<std::vector<RefUpdate>> read_updates() {
    std::vector<RefUpdate> updates;
    for (std::string line; std::getline(std::cin, line);) {
        auto update = read_update(line);
        if (!update || updates.size() >= kMostUpdates) return std::nullopt;
        updates.push_back(*std::move(update));
    }
    return updates;
}

Rules rules_of(const json& answer) {
    Rules rules;
    rules.repo = answer.value("repo", "");
    rules.force = answer.value("force", false);
    rules.deletion = answer.value("delete", false);
    rules.branches = answer.value("branches", std::vector<std::string>());
    rules.created = answer.value("created", std::set<std::string>());
    rules.paths = answer.value("paths", std::vector<std::string>());
    const std::string dlp = answer.value("dlp", "block");
    if (dlp == "hold") rules.on_finding = OnFinding::kAsk;
    if (dlp == "off") rules.on_finding = OnFinding::kNotLookedFor;
    return rules;
}

// What is looked for: the bottle's own credentials, which come over the socket, because nowhere
// else would they be ours alone, and the operator's own rules.
Result<PushScan> start_scan(GateLink& gate, const Rules& rules) {
    auto answer = gate.call("push.scan", json::object());
    if (!answer) return tl::make_unexpected(answer.error());
    auto secrets = control::take_secrets(*answer, "secrets");
    if (!secrets) return tl::make_unexpected(secrets.error());
    auto own = scan::OwnValues::of_slots(*secrets);
    if (!own) return tl::make_unexpected(own.error());
    return PushScan::start(rules, answer->value("scan_rules", ""), *std::move(own));
}

// Whether commits of the old tip would be lost. A tag is never moved forward: it means what it
// says.
Result<bool> rewrites(const RefUpdate& update) {
    if (update.creates() || update.deletes()) return false;
    if (!update.ref.starts_with("refs/heads/")) return true;
    const auto answer = ask_git({"merge-base", "--is-ancestor", update.old_id, update.new_id});
    if (!answer) return tl::make_unexpected(answer.error());
    if (answer->code > 1) return failure("git", "the history of a branch cannot be read");
    return answer->code == 1;
}

Result<std::optional<Refusal>> judge(const Rules& rules, const std::vector<RefUpdate>& updates) {
    for (const RefUpdate& update : updates) {
        if (auto refusal = judge_ref(rules, update)) return refusal;
        const auto rewritten = rewrites(update);
        if (!rewritten) return tl::make_unexpected(rewritten.error());
        if (*rewritten)
            if (auto refusal = judge_rewrite(rules, update)) return refusal;
    }
    return std::optional<Refusal>();
}

int refuse(GateLink& gate, const Refusal& refusal) {
    (void)gate.call("push.refuse", {{"rule", refusal.rule}, {"reason", refusal.reason}});
    say("nothing was pushed: " + refusal.reason);
    if (!refusal.hint.empty()) say(refusal.hint);
    return EXIT_FAILURE;
}

int refuse(GateLink& gate, const Error& error) {
    return refuse(gate, Refusal{error.code, error.message, error.hint});
}

// Says each of them; the first one, and how many there are, in one line.
std::string say_places(const std::vector<Place>& places) {
    std::string first;
    for (const Place& place : places) {
        const std::string line =
            place.what + " [" + place.rule + "] in " + place.where +
            (place.commit.empty() ? std::string() : ", commit " + place.commit.substr(0, 12));
        say("found " + line);
        if (first.empty()) first = line;
    }
    if (places.size() > 1) first += " and " + std::to_string(places.size() - 1) + " more";
    return first;
}

int refuse_found(GateLink& gate, const PushScan& scan) {
    const std::string reason = say_places(scan.places());
    if (scan.more()) say("and perhaps more");
    return refuse(
        gate, Refusal{scan.places()[0].rule, reason,
                      "take it out of every commit that has it (git commit --amend, git rebase), "
                      "then push again; a secret that is real must be replaced"});
}

json json_of(const std::vector<RefUpdate>& updates) {
    json list = json::array();
    for (const RefUpdate& update : updates)
        list.push_back({{"ref", update.ref}, {"old", update.old_id}, {"new", update.new_id}});
    return list;
}

// What the operator decides about this push, which waits for it a while. Nothing: it may go.
std::optional<Refusal> ask_operator(GateLink& gate, const PushScan& scan,
                                    const std::vector<RefUpdate>& updates) {
    std::vector<Place> places = scan.places();
    places.insert(places.end(), scan.paths().begin(), scan.paths().end());
    const std::string rule = places[0].rule;
    const std::string reason = say_places(places);
    if (scan.more() || scan.more_paths())
        return Refusal{rule, reason + ", which is more than the operator can be asked about",
                       "push fewer commits at a time"};
    json list = json::array();
    for (const Place& place : places)
        list.push_back({{"rule", place.rule},
                        {"what", place.what},
                        {"where", visible(place.where)},
                        {"commit", place.commit}});
    say("this needs the operator's approval");
    const auto answer = gate.call(
        "push.ask", {{"updates", json_of(updates)}, {"places", list}, {"commits", scan.commits()}});
    if (!answer) return Refusal{rule, reason + ": " + answer.error().message, answer.error().hint};
    const std::string status = answer->value("status", "");
    const std::string proposal = answer->value("proposal", "");
    std::string notes = answer->value("notes", "");
    if (status == "approved") {
        say("the operator has approved it (" + proposal + ")");
        return std::nullopt;
    }
    if (status == "pending")
        return Refusal{"approval_needed", reason + ": it waits for the operator as " + proposal,
                       "tell why with push-block and this id; push the same commits again once "
                       "check-proposal says approved"};
    if (!notes.empty()) notes = ": " + notes;
    if (status == "rejected")
        return Refusal{rule,
                       reason + ": the operator did not approve it (" + proposal + ")" + notes,
                       "leave it out of every commit of the push"};
    return Refusal{rule, reason + ": " + proposal + " is " + status + notes,
                   "push again to ask again"};
}

// Where the new objects are, as the gate writes that path; empty when the push brings none.
std::string quarantine_path() {
    const char* const path = getenv("GIT_QUARANTINE_PATH");
    if (path == nullptr) return {};
    return std::filesystem::canonical(path).string();
}

int run() {
    const char* const number = getenv("BOTBOTTLE_GATE");
    const std::string_view text = number == nullptr ? "" : number;
    int descriptor = -1;
    std::from_chars(text.data(), text.data() + text.size(), descriptor);
    auto socket = control::inherited_socket(descriptor);
    if (!socket) {
        say("this push does not come through the gate");
        return EXIT_FAILURE;
    }
    GateLink gate(*std::move(socket));
    const auto updates = read_updates();
    if (!updates || updates->empty())
        return refuse(
            gate, Refusal{"too_many_refs", "a push is of 1 to 1000 refs", "push fewer at a time"});
    const auto answer = gate.call("push.rules", json::object());
    if (!answer) return refuse(gate, answer.error());
    const Rules rules = rules_of(*answer);
    auto scan = start_scan(gate, rules);
    if (!scan) return refuse(gate, scan.error());
    scan->scan_names(*updates);
    if (!scan->places().empty()) return refuse_found(gate, *scan);
    const auto refusal = judge(rules, *updates);
    if (!refusal) return refuse(gate, refusal.error());
    if (*refusal) return refuse(gate, **refusal);

    if (auto done = scan->scan(*updates); !done) return refuse(gate, done.error());
    if (auto done = scan->scan_deletions(*updates, rules.created); !done)
        return refuse(gate, done.error());
    for (const std::string& note : scan->notes())
        say("note: " + note);
    if (!scan->places().empty() && rules.on_finding != OnFinding::kAsk)
        return refuse_found(gate, *scan);
    if (!scan->places().empty() || !scan->paths().empty())
        if (const auto refused = ask_operator(gate, *scan, *updates)) return refuse(gate, *refused);

    const std::string quarantine = quarantine_path();
    const auto sent = gate.call(
        "push.forward", {{"updates", json_of(*updates)}, {"quarantine", quarantine}},
        [](const std::string& line) { std::fprintf(stderr, "%s\n", visible(line).c_str()); });
    if (sent) {
        say(std::to_string(scan->commits()) + (scan->commits() == 1 ? " commit" : " commits") +
            " scanned, pushed to the upstream of " + rules.repo);
        return EXIT_SUCCESS;
    }
    say("nothing was pushed: " + sent.error().message);
    if (!sent.error().hint.empty()) say(sent.error().hint);
    return EXIT_FAILURE;
}

}  // namespace

int main() {
    if (!protect_process()) {
        say("nothing was pushed: the scan cannot be protected");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    // A replaced object would be searched in the place of the one that is pushed.
    setenv("GIT_NO_REPLACE_OBJECTS", "1", 1);
    try {
        return run();
    } catch (const std::exception&) {
        std::fputs("botbottle: nothing was pushed: the scan ran out of memory\n", stderr);
        return EXIT_FAILURE;
    }
}
