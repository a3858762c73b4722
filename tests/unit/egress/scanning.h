// What the tests of scanning share: tables, and a token that is made when they run.
#pragma once

#include <random>
#include <string>

#include "egress/hold_back.h"
#include "egress/scanner_pool.h"

namespace botbottle::egress {

inline const ScanTables& tables() {
    static const ScanTables made = {*scan::Rules::load(), nullptr};
    return made;
}

inline std::string drawn(std::size_t size) {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::mt19937 random(7);  // NOLINT: the same at each run
    std::string text;
    for (std::size_t at = 0; at < size; ++at)
        text += kLetters[random() % kLetters.size()];
    return text;
}

inline std::string token() {
    return "ghp_" + drawn(36);
}

inline std::string joined(const Released& released) {
    return std::string(released.first) + std::string(released.second);
}

}  // namespace botbottle::egress
