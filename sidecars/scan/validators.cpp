#include "scan/validators.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "scan/alphabets.h"

namespace botbottle::scan {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_word(char c) {
    return is_digit(c) || is_upper(c) || is_lower(c);
}

double entropy(std::string_view text) {
    std::array<unsigned, 256> counts{};
    for (const char c : text)
        ++counts[static_cast<unsigned char>(c)];
    double bits = 0;
    for (const unsigned count : counts) {
        if (count == 0) continue;
        const double share = static_cast<double>(count) / static_cast<double>(text.size());
        bits -= share * std::log2(share);
    }
    return bits;
}

// Drawn by a machine, not written by a person: neither a row of x, nor a name in a program. A
// drawn text of this length comes near log2(length) bits a character (at most 4 where it is hex).
bool looks_drawn(std::string_view text) {
    const bool hex = std::all_of(text.begin(), text.end(), is_hex);
    const double most = std::min(std::log2(static_cast<double>(text.size())), hex ? 4.0 : 6.0);
    if (entropy(text) < 0.62 * most) return false;
    const auto digits = std::count_if(text.begin(), text.end(), is_digit);
    std::size_t turns = 0;
    for (std::size_t at = 1; at < text.size(); ++at)
        turns += static_cast<std::size_t>(is_upper(text[at]) != is_upper(text[at - 1]));
    return digits > 0 || turns * 4 >= text.size();
}

// A longer name ends here: what follows is a part of it.
bool is_name_end(std::string_view before) {
    return !before.empty() && (is_base64(before.back()) && before.back() != '/');
}

bool in_longer_base64(std::string_view before) {
    constexpr std::size_t kRun = 64;
    if (before.size() < kRun) return false;
    const std::string_view run = before.substr(before.size() - kRun);
    return std::all_of(run.begin(), run.end(), is_base64);
}

// How often the kind of character changes: about every second time where it was drawn, twice a word
// in a name of a program.
std::size_t changes_of_kind(std::string_view text) {
    const auto kind = [](char c) {
        return is_upper(c) ? 0 : is_lower(c) ? 1 : is_digit(c) ? 2 : 3;
    };
    std::size_t changes = 0;
    for (std::size_t at = 1; at < text.size(); ++at)
        changes += static_cast<std::size_t>(kind(text[at]) != kind(text[at - 1]));
    return changes;
}

bool contains_ignoring_case(std::string_view text, std::string_view word) {
    const auto same = [](char a, char b) { return (is_upper(a) ? a | 0x20 : a) == b; };
    return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

bool is_drawn_value(std::string_view value) {
    return looks_drawn(value) && !contains_ignoring_case(value, "example") &&
           !contains_ignoring_case(value, "xxxxxx");
}

std::string_view last(std::string_view text, std::size_t count) {
    return text.substr(text.size() - std::min(text.size(), count));
}

template <typename Class>
std::string_view run_at_end(std::string_view text, Class in_class) {
    std::size_t begin = text.size();
    while (begin > 0 && in_class(text[begin - 1]))
        --begin;
    return text.substr(begin);
}

bool has_trade_word(std::string_view before) {
    constexpr std::size_t kNear = 80;
    const std::string_view near = last(before, kNear);
    for (const std::string_view word : {"aws", "secret"})
        if (contains_ignoring_case(near, word)) return true;
    return false;
}

// 40 characters of base64 on their own after a word of the trade. A git hash is all hex.
bool is_key_in_context(std::string_view before, std::string_view match) {
    const std::string_view key = match.substr(0, match.size() - 1);
    if (!before.empty() && is_base64(before.back())) return false;
    if (std::all_of(key.begin(), key.end(), is_hex)) return false;
    constexpr double kDrawn = 4.1;
    if (std::count_if(key.begin(), key.end(), is_digit) < 2) return false;
    return changes_of_kind(key) * 5 >= key.size() * 2 && entropy(key) >= kDrawn &&
           looks_drawn(key) && has_trade_word(before);
}

// `match` is ".eyJ…": the start of the payload. The header lies before it.
bool is_jwt(std::string_view before, std::string_view match) {
    const std::string_view header = run_at_end(before, is_base64);
    const std::size_t begin = header.find("eyJ");
    if (begin == std::string_view::npos) return false;
    std::string json;
    decode_base64(header.substr(begin), json);
    std::string payload;
    decode_base64(match.substr(1), payload);
    return json.find("\"alg\"") != std::string::npos && payload.starts_with("{\"");
}

// So much of the text as the pattern shows: its password looks drawn.
bool is_basic(std::string_view match) {
    std::string text;
    decode_base64(match.substr(match.find(' ') + 1), text);
    const auto printable = [](char c) { return c >= ' ' && c < '\x7f'; };
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0 ||
        !std::all_of(text.begin(), text.end(), printable))
        return false;
    constexpr std::size_t kShortest = 6;
    const std::string_view password = std::string_view(text).substr(colon + 1);
    return password.size() >= kShortest && is_drawn_value(password);
}

// The first part of a bot's token is its number, in base64.
bool is_discord(std::string_view before, std::string_view match) {
    if (is_name_end(before)) return false;
    const std::string_view first = match.substr(0, match.find('.'));
    if (first.size() < 23 || first.size() > 28) return false;
    std::string number;
    decode_base64(first, number);
    return number.size() >= 17 && std::all_of(number.begin(), number.end(), is_digit) &&
           looks_drawn(match.substr(first.size() + 8));
}

// `match` is what comes after the number of the bot and a colon.
bool is_telegram(std::string_view before, std::string_view match) {
    if (!before.ends_with(':')) return false;
    before.remove_suffix(1);
    const std::string_view number = run_at_end(before, is_digit);
    return number.size() >= 8 && number.size() <= 10 && looks_drawn(match);
}

bool passes_luhn(std::string_view digits) {
    unsigned sum = 0;
    bool twice = false;
    for (std::size_t at = digits.size(); at-- > 0; twice = !twice) {
        const unsigned digit = static_cast<unsigned>(digits[at] - '0') * (twice ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

unsigned number_of(std::string_view digits) {
    unsigned value = 0;
    for (const char c : digits)
        value = value * 10 + static_cast<unsigned>(c - '0');
    return value;
}

bool is_issued(std::string_view digits) {
    const unsigned two = number_of(digits.substr(0, 2));
    const unsigned four = number_of(digits.substr(0, 4));
    switch (digits.size()) {
        case 13:
            return false;  // too many identifiers look like the few old cards
        case 15:
            return two == 34 || two == 37;
        case 16:
            return digits[0] == '4' || (two >= 51 && two <= 55) || (four >= 2221 && four <= 2720) ||
                   four == 6011 || two == 65 || (four >= 3528 && four <= 3589);
        default:
            return false;
    }
}

// The last digits of a card and one byte after it. Groups stand before, parted by one kind of sign;
// other groups may stand before those as a decoy.
bool is_card(std::string_view before, std::string_view match) {
    const char after = match.back();
    if (is_word(after) || after == '_') return false;
    std::string digits;
    std::string text(last(before, 32));
    text += match.substr(0, match.size() - 1);
    char separator = 0;
    for (std::size_t at = text.size(); at-- > 0;) {
        const char c = text[at];
        if (is_digit(c)) {
            digits.insert(digits.begin(), c);
            const bool begins = at == 0 || (!is_digit(text[at - 1]) && !is_word(text[at - 1]) &&
                                            text[at - 1] != '.' && text[at - 1] != '_');
            if (begins && digits.size() >= 15 && is_issued(digits) && passes_luhn(digits))
                return true;
            if (digits.size() >= 16) return false;
        } else if ((c == ' ' || c == '-') && (separator == 0 || separator == c)) {
            separator = c;
        } else {
            return false;
        }
    }
    return false;
}

// ISO 7064 mod 97-10: the first four characters go to the end, letters count from 10.
bool is_iban(std::string_view before, std::string_view match) {
    if (!before.empty() && is_word(before.back())) return false;
    match.remove_suffix(1);  // the byte after it
    std::string text;
    for (const char c : match)
        if (is_word(c)) text += c;
    std::rotate(text.begin(), text.begin() + 4, text.end());
    unsigned rest = 0;
    for (const char c : text) {
        const unsigned value =
            is_digit(c) ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'A') + 10;
        rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
    }
    return rest == 1;
}

// Base58check: the last four bytes are the start of a double SHA-256.
bool is_wif(std::string_view match) {
    constexpr std::string_view kDigits =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    std::array<std::uint8_t, 38> bytes{};
    const std::string_view text = match.substr(0, match.size() - 1);
    const std::size_t size = text.size() == 51 ? 37 : 38;
    for (const char c : text) {
        unsigned carry = static_cast<unsigned>(kDigits.find(c));
        for (std::size_t at = size; at-- > 0;) {
            carry += 58U * bytes[at];
            bytes[at] = static_cast<std::uint8_t>(carry & 0xffU);
            carry >>= 8U;
        }
        if (carry != 0) return false;
    }
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> once{};
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> twice{};
    SHA256(bytes.data(), size - 4, once.data());
    SHA256(once.data(), once.size(), twice.data());
    const auto sum = bytes.begin() + static_cast<std::ptrdiff_t>(size) - 4;
    return bytes[0] == 0x80 && std::equal(sum, sum + 4, twice.begin());
}

// What stands in documents and examples.
bool is_placeholder(std::string_view value) {
    for (const std::string_view word :
         {"example", "your", "xxxx", "changeme", "placeholder", "password", "passwd", "secret",
          "postgres", "redacted", "dummy", "sample", "****", "1234567", "test"})
        if (contains_ignoring_case(value, word)) return true;
    return value.find_first_of("<>{}$[]*") != std::string_view::npos;
}

// `match` ends at the '@' and one byte after it.
bool is_url_password(std::string_view before, std::string_view match) {
    std::string text(before);
    text += match.substr(0, match.size() - 2);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return false;
    const std::string_view password = std::string_view(text).substr(colon + 1);
    const std::size_t scheme = text.rfind("://", colon);
    if (scheme == std::string::npos || scheme + 3 > colon) return false;
    const std::string_view user = std::string_view(text).substr(scheme + 3, colon - scheme - 3);
    const auto plain = [](char c) {
        return c > ' ' && c != '/' && c != '"' && c != '\'' && c != '@';
    };
    if (!std::all_of(user.begin(), user.end(), plain) ||
        !std::all_of(password.begin(), password.end(), plain))
        return false;
    constexpr std::size_t kShortest = 8;
    if (password.size() < kShortest || password == user || is_placeholder(password)) return false;
    const std::string_view name = run_at_end(std::string_view(text).substr(0, scheme),
                                             [](char c) { return is_word(c) || c == '+'; });
    for (const std::string_view known : {"postgres", "mysql", "mongodb", "redis", "amqp", "mariadb",
                                         "sqlserver", "mssql", "ftp", "http", "smtp", "ldap"})
        if (contains_ignoring_case(name, known)) return true;
    return false;
}

bool is_assigned(std::string_view before, std::string_view match) {
    // The name goes on before the keyword, in capitals: `export const TOKEN = …` is no dump.
    const std::string_view name = run_at_end(before, [](char c) { return is_word(c) || c == '_'; });
    if (std::any_of(name.begin(), name.end(), is_lower)) return false;
    std::string_view value = match.substr(match.find('=') + 1);
    if (value.front() == '"' || value.front() == '\'') value.remove_prefix(1);
    const auto digits = std::count_if(value.begin(), value.end(), is_digit);
    const auto letters = std::count_if(value.begin(), value.end(),
                                       [](char c) { return is_upper(c) || is_lower(c); });
    constexpr double kDrawn = 3.2;
    return digits >= 2 && letters >= 2 && value.find('.') == std::string_view::npos &&
           entropy(value) >= kDrawn && !is_placeholder(value);
}

}  // namespace

bool is_unmistakable(const Pattern& pattern, std::string_view match) {
    constexpr std::size_t kStrong = 4;
    constexpr std::size_t kVeryStrong = 9;
    if (pattern.check == Check::kPlain) return pattern.fixed >= kVeryStrong;
    if (pattern.fixed < kStrong ||
        (pattern.check != Check::kRandom && pattern.check != Check::kAlone &&
         pattern.check != Check::kGithub))
        return false;
    const std::string_view variable = match.substr(pattern.fixed);
    return changes_of_kind(variable) * 10 >= variable.size() * 3;
}

bool is_secret(const Pattern& pattern, std::string_view before, std::string_view match) {
    const std::string_view variable = match.substr(std::min(pattern.fixed, match.size()));
    // A prefix this short turns up by chance in base64.
    constexpr std::size_t kShortPrefix = 4;
    switch (pattern.check) {
        case Check::kPlain:
            return true;
        case Check::kRandom:
            if (pattern.fixed > 0 && pattern.fixed < kShortPrefix && is_name_end(before))
                return false;
            return is_drawn_value(variable) && !in_longer_base64(before);
        case Check::kAlone:
            return is_drawn_value(variable) && !is_name_end(before);
        case Check::kGithub:
            return is_drawn_value(variable);
        case Check::kContext:
            return is_key_in_context(before, match);
        case Check::kJwt:
            return is_jwt(before, match);
        case Check::kBasic:
            return is_basic(match);
        case Check::kDiscord:
            return is_discord(before, match);
        case Check::kTelegram:
            return is_telegram(before, match);
        case Check::kAzure:
            return !is_name_end(before) && is_drawn_value(variable);
        case Check::kCard:
            return is_card(before, match);
        case Check::kIban:
            return is_iban(before, match);
        case Check::kWif:
            return is_wif(match);
        case Check::kUrl:
            return is_url_password(before, match);
        case Check::kAssigned:
            return is_assigned(before, match);
        case Check::kPem:
            return contains_ignoring_case(last(before, 64), "-----begin ");
    }
    return true;
}

}  // namespace botbottle::scan
