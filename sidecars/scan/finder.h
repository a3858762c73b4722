// Finder: where the patterns of a table occur in a text.
//
// They find exactly the same: one on vectorscan, one for texts without choice, and a portable one
// without a library, which is also the oracle of the tests. A Finder is immutable and may be shared
// by threads; a Search belongs to one, and to the finder that opened it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scan/rule_table.h"

namespace botbottle::scan {

struct Candidate {
    std::uint32_t pattern = 0;  // index into the patterns
    std::size_t end = 0;        // bytes of the text up to and with its last one
    bool operator==(const Candidate&) const = default;
};

inline constexpr std::size_t kShortestLiteral = 8;

class Search {
  public:
    Search() = default;
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;
    virtual ~Search() = default;

    // Appends every occurrence, overlapping ones too, in order of their ends. False: the engine
    // failed, and what was found is not all (the caller must refuse).
    virtual bool find(std::string_view text, std::vector<Candidate>& found) = 0;
};

class Finder {
  public:
    Finder() = default;
    Finder(const Finder&) = delete;
    Finder& operator=(const Finder&) = delete;
    virtual ~Finder() = default;

    // Null when the engine has no memory.
    virtual std::unique_ptr<Search> open() const = 0;
};

// `patterns` outlives each finder.
std::unique_ptr<Finder> make_portable_finder(const std::vector<Pattern>& patterns);
// Null with `problem` set when a pattern is refused. In a build with vectorscan only.
std::unique_ptr<Finder> make_vectorscan_finder(const std::vector<Pattern>& patterns,
                                               std::string& problem);
// Of patterns of at least kShortestLiteral bytes, each of one character, in both cases perhaps.
std::unique_ptr<Finder> make_literal_finder(const std::vector<Pattern>& patterns);
// The one that this build uses.
std::unique_ptr<Finder> make_finder(const std::vector<Pattern>& patterns, std::string& problem);

// Compiling takes a thousand times as long as reading what was compiled, so the built-in patterns
// are compiled when the program is built (precompile.cpp).
//
// What vectorscan made of `patterns`, for any processor that it runs on. Empty with `problem` set
// when a pattern is refused. In a build with vectorscan only.
std::string make_database(const std::vector<Pattern>& patterns, std::string& problem);
// Null when `database` is not one, or not for this version of the library or this machine.
std::unique_ptr<Finder> make_precompiled_finder(std::string_view database);

}  // namespace botbottle::scan
