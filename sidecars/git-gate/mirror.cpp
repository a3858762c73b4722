#include "git-gate/mirror.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

namespace botbottle::git_gate {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCreated = "/botbottle-created";
const std::function<void(std::string_view)> kSilent;  // of a git whose lines nobody wants

bool is_leftover(const fs::path& path) {
    const std::string name = path.filename();
    return name.ends_with(".lock") || name.starts_with("tmp_") || name.starts_with("incoming-");
}

}  // namespace

struct Mirror::Round {
    explicit Round(asio::io_context& io) : done(io.get_executor(), Timer::time_point::max()) {}
    Timer done;
    std::optional<Result<void>> outcome;
};

Mirror::Mirror(const GitHome& home, Repo repo)
    : home_(home),
      repo_(std::move(repo)),
      path_(home.directory + '/' + repo_.name + ".git"),
      lock_(home.io) {
    load_created();
}

void Mirror::tidy() const {
    std::error_code ignored;
    std::vector<fs::path> found;
    for (fs::recursive_directory_iterator entry(path_, ignored), end; entry != end;
         entry.increment(ignored)) {
        if (!is_leftover(entry->path())) continue;
        found.push_back(entry->path());
        entry.disable_recursion_pending();
    }
    for (const fs::path& path : found)
        fs::remove_all(path, ignored);
}

Task<Result<void>> Mirror::make() {
    if (made_) co_return Result<void>();
    struct stat status = {};
    if (stat((path_ + "/HEAD").c_str(), &status) != 0) {
        GitCommand init;
        init.words = {"init", "--quiet", "--bare", "--template=", "--initial-branch=main", path_};
        const auto outcome = co_await run_git(home_, home_.directory, init, kSilent);
        if (!outcome) co_return tl::make_unexpected(outcome.error());
        if (!outcome->ok())
            co_return failure("mirror", "the gate cannot make its mirror of " + repo_.name);
    }
    made_ = true;
    co_return Result<void>();
}

Task<Result<void>> Mirror::fetch() {
    GitCommand fetch;
    fetch.words = {"-c",
                   "gc.auto=0",
                   "-c",
                   "fetch.unpackLimit=1",
                   "fetch",
                   "--quiet",
                   "--prune",
                   "--no-tags",
                   "--force",
                   "--no-write-fetch-head",
                   "--no-recurse-submodules",
                   repo_.url,
                   "refs/heads/*:refs/heads/*",
                   "refs/tags/*:refs/tags/*"};
    fetch.upstream = &repo_;
    const auto outcome = co_await run_git(home_, path_, fetch, kSilent);
    if (!outcome) co_return tl::make_unexpected(outcome.error());
    if (!outcome->ok()) co_return tl::make_unexpected(explain_upstream(repo_, outcome->output));
    co_return Result<void>();
}

// Which branch a clone checks out. Asked for when the one that is known does not exist.
Task<Result<void>> Mirror::take_head() {
    GitCommand verify;
    verify.words = {"rev-parse", "--quiet", "--verify", "HEAD"};
    const auto known = co_await run_git(home_, path_, verify, kSilent);
    if (!known) co_return tl::make_unexpected(known.error());
    if (known->ok()) co_return Result<void>();
    // Without a branch there is none to check out, and no reason for a second connection.
    GitCommand list;
    list.words = {"for-each-ref", "--count=1", "refs/heads"};
    const auto branches = co_await run_git(home_, path_, list, kSilent);
    if (!branches) co_return tl::make_unexpected(branches.error());
    if (branches->ok() && branches->output.empty()) co_return Result<void>();
    GitCommand ask;
    ask.words = {"ls-remote", "--symref", repo_.url, "HEAD"};
    ask.upstream = &repo_;
    const auto answer = co_await run_git(home_, path_, ask, kSilent);
    if (!answer) co_return tl::make_unexpected(answer.error());
    if (!answer->ok()) co_return tl::make_unexpected(explain_upstream(repo_, answer->output));
    constexpr std::string_view kMark = "ref: refs/heads/";
    const auto tab = answer->output.find("\tHEAD");
    if (!answer->output.starts_with(kMark) || tab == std::string::npos) co_return Result<void>();
    GitCommand set;
    set.words = {"symbolic-ref", "HEAD", answer->output.substr(5, tab - 5)};
    const auto outcome = co_await run_git(home_, path_, set, kSilent);
    if (!outcome) co_return tl::make_unexpected(outcome.error());
    co_return Result<void>();
}

Task<Result<void>> Mirror::refresh() {
    if (repo_.host_key.empty())
        co_return failure("no_host_key",
                          "the host key of " + repo_.host_name + " is not declared, so " +
                              repo_.name + " can be neither fetched nor pushed",
                          "the operator adds git-gate.repos." + repo_.name +
                              ".host_key to the bottle; `ssh-keyscan` on the host prints it");
    if (const auto round = round_) {
        while (!round->outcome)
            (void)co_await round->done.async_wait(kAwait);
        co_return *round->outcome;
    }
    const auto round = round_ = std::make_shared<Round>(home_.io);
    const auto guard = co_await lock_.take();
    Result<void> outcome = co_await make();
    if (outcome) outcome = co_await fetch();
    if (outcome) outcome = co_await take_head();
    round->outcome = outcome;
    round->done.cancel();
    round_ = nullptr;
    co_return outcome;
}

Task<Result<void>> Mirror::forward(const std::vector<RefUpdate>& updates,
                                   const std::string& quarantine,
                                   const std::function<void(std::string_view)>& on_line) {
    const std::string objects = path_ + "/objects";
    // It is receive-pack's own word, but what is an alternate of what decides which objects leave.
    const std::string name = quarantine.substr(std::min(quarantine.size(), objects.size() + 1));
    if (!quarantine.empty() && (!quarantine.starts_with(objects + '/') || name.empty() ||
                                name[0] == '.' || name.find_first_of("/:") != std::string::npos))
        co_return failure("quarantine", "the new objects are not where they should be");
    GitCommand push;
    push.words = {"-c",          "push.followTags=false", "push",
                  "--no-verify", "--no-signed",           "--recurse-submodules=no"};
    if (updates.size() > 1) push.words.emplace_back("--atomic");
    for (const RefUpdate& update : updates)
        push.words.push_back("--force-with-lease=" + update.ref + ':' +
                             (update.creates() ? std::string() : update.old_id));
    push.words.push_back(repo_.url);
    for (const RefUpdate& update : updates)
        push.words.push_back((update.deletes() ? std::string() : update.new_id) + ':' + update.ref);
    if (!quarantine.empty())
        push.environment = {"GIT_OBJECT_DIRECTORY=" + quarantine,
                            "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + objects};
    push.upstream = &repo_;
    const auto outcome = co_await run_git(home_, path_, push, on_line);
    if (!outcome) co_return tl::make_unexpected(outcome.error());
    if (!outcome->ok()) co_return tl::make_unexpected(explain_upstream(repo_, outcome->output));
    co_return remember_created(updates);
}

void Mirror::load_created() {
    std::ifstream file(path_ + kCreated);
    for (std::string line; std::getline(file, line);)
        created_.insert(line);
}

// Written anew, and renamed into place: half a name would be another branch.
Result<void> Mirror::remember_created(const std::vector<RefUpdate>& updates) {
    auto changed = created_;
    for (const RefUpdate& update : updates) {
        if (update.creates()) changed.insert(update.ref);
        if (update.deletes()) changed.erase(update.ref);
    }
    if (changed == created_) return {};
    created_ = std::move(changed);
    const std::string path = path_ + kCreated;
    std::ofstream file(path + ".lock", std::ios::trunc);
    for (const std::string& ref : created_)
        file << ref << '\n';
    file.close();
    // What is not remembered is only denied later (a force push), so the push stands.
    if (file) (void)std::rename((path + ".lock").c_str(), path.c_str());
    return {};
}

}  // namespace botbottle::git_gate
