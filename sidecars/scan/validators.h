// Validators: whether a candidate of the right shape is a secret of its kind.
//
// A checksum that fails never clears a token with a strong prefix (whoever holds it could flip one
// character); checksums admit what is weakly shaped: cards, IBANs, keys in base58.
#pragma once

#include <cstddef>
#include <string_view>

#include "scan/rule_table.h"

namespace botbottle::scan {

// So much of what lies before a candidate is shown to its validator.
inline constexpr std::size_t kContext = 512;

bool is_secret(const Pattern& pattern, std::string_view before, std::string_view match);

// Asked besides where bytes were taken out of the text or values were put together: a prefix of the
// kind's own, and nothing that a row of words could give.
bool is_unmistakable(const Pattern& pattern, std::string_view match);

}  // namespace botbottle::scan
