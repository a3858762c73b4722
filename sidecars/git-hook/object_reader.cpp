#include "git-hook/object_reader.h"

#include <algorithm>
#include <charconv>

namespace botbottle::git_hook {
namespace {

tl::unexpected<Error> broken(const std::string& id) {
    return failure("git", "the object " + id + " cannot be read");
}

}  // namespace

Result<ObjectReader> ObjectReader::start() {
    auto git = GitPipe::start({"cat-file", "--batch"});
    if (!git) return tl::make_unexpected(git.error());
    return ObjectReader(*std::move(git));
}

Result<void> ObjectReader::ask(const std::string& id) {
    if (asked_.size() >= kMostAsked || !git_.write(id + '\n')) return broken(id);
    asked_.push_back(id);
    return {};
}

Result<ObjectReader::Head> ObjectReader::open(const std::string& id) {
    if (!asked_.empty()) return broken(id);
    if (auto asked = ask(id); !asked) return tl::make_unexpected(asked.error());
    return next();
}

Result<ObjectReader::Head> ObjectReader::next() {
    if (asked_.empty()) return failure("git", "no object was asked for");
    const std::string id = std::move(asked_.front());
    asked_.pop_front();
    std::string line;
    if (!git_.read_until('\n', line)) return broken(id);
    // "<id> <type> <size>", or "<id> missing"
    const auto first = line.find(' ');
    const auto second = line.find(' ', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) return broken(id);
    Head head;
    head.type = line.substr(first + 1, second - first - 1);
    const char* const end = line.data() + line.size();
    const auto read = std::from_chars(line.data() + second + 1, end, head.size);
    if (read.ec != std::errc() || read.ptr != end) return broken(id);
    return head;
}

Result<void> ObjectReader::read(const Head& head,
                                const std::function<void(std::string_view)>& visit) {
    for (std::uint64_t left = head.size; left > 0;) {
        const auto piece = git_.read_some(
            static_cast<std::size_t>(std::min<std::uint64_t>(left, std::uint64_t{64} * 1024)));
        if (piece.empty()) return failure("git", "an object ends too early");
        left -= piece.size();
        visit(piece);
    }
    return end();
}

Result<void> ObjectReader::end() {
    if (git_.read_some(1) != "\n") return failure("git", "an object does not end where it should");
    return {};
}

Result<void> ObjectReader::read_into(const Head& head, std::string& content) {
    content.resize(head.size);
    if (!git_.read_exactly(content.data(), content.size()))
        return failure("git", "an object ends too early");
    return end();
}

Result<std::string> ObjectReader::read_whole(const Head& head) {
    std::string content;
    auto done = read_into(head, content);
    if (!done) return tl::make_unexpected(done.error());
    return content;
}

}  // namespace botbottle::git_hook
