// Decodes to the end first, then compares words: an escape must not hide a push.
#include "policy/git_service.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"

namespace botbottle::policy {
namespace {

constexpr int kMostDecodings = 8;

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

// One round of percent decoding; what is no escape stays.
std::string decode_once(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                            hex_value(text[i + 2]) >= 0;
        out.push_back(escape
                          ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]))
                          : text[i]);
        if (escape) i += 2;
    }
    return out;
}

std::string fully_decoded(std::string_view text) {
    std::string out = lower_case(text);
    for (int round = 0; round < kMostDecodings && out.find('%') != std::string::npos; ++round) {
        auto decoded = lower_case(decode_once(out));
        if (decoded == out) break;
        out = std::move(decoded);
    }
    return out;
}

GitService named(std::string_view service) noexcept {
    if (service == "git-receive-pack") return GitService::kPush;
    if (service == "git-upload-pack" || service == "git-upload-archive") return GitService::kFetch;
    return GitService::kNone;
}

GitService of_path(std::string_view path) {
    auto found = GitService::kNone;
    std::string_view previous;
    while (!path.empty()) {
        const auto border = path.find_first_of("/\\");
        auto segment = path.substr(0, border);
        path = border == std::string_view::npos ? std::string_view{} : path.substr(border + 1);
        segment = segment.substr(0, segment.find_first_of(std::string_view(";\0", 2)));
        if (segment.empty()) continue;
        found = std::max(found, named(segment));
        if (previous == "info" && segment == "refs") found = std::max(found, GitService::kFetch);
        previous = segment;
    }
    return found;
}

GitService of_query(std::string_view query) {
    constexpr std::string_view kKey = "service=";
    auto found = GitService::kNone;
    while (!query.empty()) {
        const auto border = query.find_first_of("&;");
        const auto pair = query.substr(0, border);
        query = border == std::string_view::npos ? std::string_view{} : query.substr(border + 1);
        if (pair.starts_with(kKey)) found = std::max(found, named(pair.substr(kKey.size())));
    }
    return found;
}

// True for nearly every request, and decided without a copy.
bool is_plainly_not_git(std::string_view path, std::string_view query) noexcept {
    const auto plain = [](std::string_view text, std::string_view word) {
        return std::none_of(text.begin(), text.end(),
                            [](char c) { return c == '%' || (c >= 'A' && c <= 'Z'); }) &&
               text.find(word) == std::string_view::npos;
    };
    return plain(path, "git-") && plain(query, "git-") &&
           path.find("refs") == std::string_view::npos;
}

}  // namespace

GitService git_service(std::string_view path, std::string_view query) {
    if (is_plainly_not_git(path, query)) return GitService::kNone;
    return std::max(of_path(fully_decoded(path)), of_query(fully_decoded(query)));
}

}  // namespace botbottle::policy
