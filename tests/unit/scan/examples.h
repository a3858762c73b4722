// Texts that look like secrets, made when the tests run: none stands in the tree.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "scan/stream.h"

namespace botbottle::scan {

// Loaded once.
std::shared_ptr<const Rules> builtin();
std::shared_ptr<const OwnValues> own_values(std::string_view secret, std::string_view canary = {});

std::vector<Finding> scan_all(std::string_view text,
                              const std::shared_ptr<const OwnValues>& own = nullptr);
bool finds(const std::vector<Finding>& findings, std::string_view rule);

std::string draw(std::mt19937& random, std::size_t size, std::string_view alphabet);
// A text of the pattern's shape, drawn, or with the first member of each set.
std::string draw_shape(std::mt19937& random, const Pattern& pattern);
std::string monotonous_shape(const Pattern& pattern);

// A key of GitHub's shape, the same at each call.
std::string github_token();

std::string to_base64(std::string_view text);
std::string to_base64_url(std::string_view text);
std::string to_base32(std::string_view text);
std::string to_hex(std::string_view text, std::string_view between = {});
std::string to_percent(std::string_view text);
std::string to_unicode_escapes(std::string_view text);
std::string to_gzip(std::string_view text);
std::string to_bare_deflate(std::string_view text);
std::string to_utf16(std::string_view text);

inline constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

}  // namespace botbottle::scan
