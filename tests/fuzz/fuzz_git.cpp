// The git-gate's edge: which requests exist, heads of CGI, git's lines about refs and changed
// files, globs. Input: a letter that says which, and a text.
#include <cstdlib>
#include <string>
#include <string_view>

#include "git-gate/cgi.h"
#include "git-gate/config.h"
#include "git-gate/request.h"
#include "git-hook/added_lines.h"
#include "git-hook/raw_diff.h"
#include "git-hook/ref_rules.h"

namespace {

using namespace botbottle;

void require(bool holds) {
    if (!holds) std::abort();
}

// What stands before the first line end, and after it.
struct Halves {
    std::string_view first, second;
};
Halves halves(std::string_view text) {
    const auto end = text.find('\n');
    return {text.substr(0, end),
            end == std::string_view::npos ? std::string_view() : text.substr(end + 1)};
}

// A request that exists names a repo that can be one, and a path of exactly three.
void check_request(std::string_view text) {
    const auto [method, target] = halves(text);
    const auto request = git_gate::read_request(method, target);
    require(request.status == 200 || request.status == 404 || request.status == 405);
    if (request.status != 200) return;
    require(request.path == "/info/refs" || request.path == "/git-upload-pack" ||
            request.path == "/git-receive-pack");
    require(request.advertises == (request.path == "/info/refs"));
    require(method == (request.advertises ? "GET" : "POST"));
    if (!git_gate::is_repo_name(request.repo)) return;  // then no repo is called so
    require(request.repo.find('/') == std::string_view::npos && request.repo != "..");
    const std::string whole = '/' + std::string(request.repo) + ".git" + std::string(request.path);
    require(target.substr(0, target.find('?')) == whole);
}

// A head that was read is the same whatever follows it, and none of its fields can end a line.
void check_cgi(std::string_view text) {
    const auto whole = git_gate::read_cgi_head(text);
    require(whole || text.size() <= git_gate::kMaxCgiHead);
    if (!whole || whole->status == 0) return;
    require(whole->size <= text.size() && whole->status >= 200 && whole->status <= 599);
    for (const auto& [name, value] : whole->fields)
        require((name + value).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    const auto alone = git_gate::read_cgi_head(text.substr(0, whole->size));
    require(alone && alone->status == whole->status && alone->fields == whole->fields);
    if (whole->size > 0) require(!git_gate::read_cgi_head(text.substr(0, whole->size - 1)));
}

void check_record(std::string_view text) {
    const auto record = git_hook::read_record(text);
    if (!record) return;
    require(record->file.mode.size() == 6);
    require(record->file.blob.find_first_not_of("0123456789abcdef") == std::string::npos);
    for (const std::string& parent : record->file.parents)
        require(!parent.empty() && parent.find_first_not_of('0') != std::string::npos);
}

void check_update(std::string_view text) {
    const auto update = git_hook::read_update(text);
    if (!update) return;
    require(update->old_id + ' ' + update->new_id + ' ' + update->ref == text);
    git_hook::Rules rules;
    const bool known =
        update->ref.starts_with("refs/heads/") || update->ref.starts_with("refs/tags/");
    const auto refusal = git_hook::judge_ref(rules, *update);
    require(refusal.has_value() == (!known || update->deletes()));
}

// A name without signs is matched by itself, by "**", and by itself behind "**".
void check_globs(std::string_view text) {
    const auto [glob, name] = halves(text);
    (void)git_hook::matches(glob, name);
    require(git_hook::matches("**", name));
    if (name.find_first_of("*?[") != std::string_view::npos) return;
    require(git_hook::matches(name, name));
    require(git_hook::matches("**" + std::string(name), name));
    if (name.find('/') == std::string_view::npos) require(git_hook::matches("*", name));
}

// Every added line is a line of the file, and none of them is one of its predecessor.
void check_lines(std::string_view text) {
    const auto end = text.find('\0');
    const std::string before(text.substr(0, end));
    const std::string_view file =
        end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const auto added = git_hook::added_lines(file, {before});
    require(added.text.size() <= file.size() + 1);
    std::uint64_t last = 0;
    for (const auto& start : added.starts) {
        require(start.line > last && start.offset < added.text.size());
        require(added.line_at(start.offset) == start.line);
        last = start.line;
    }
    require(git_hook::added_lines(file, {std::string(file)}).text.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0]) {
        case 'r':
            check_request(text);
            break;
        case 'c':
            check_cgi(text);
            break;
        case 'd':
            check_record(text);
            break;
        case 'u':
            check_update(text);
            break;
        case 'g':
            check_globs(text);
            break;
        default:
            check_lines(text);
    }
    return 0;
}
