// What a text says when its spelling is seen through. Functions from a text to another, appended to
// `out`; none of them fails, and none makes a text longer.
//
// They are applied to a window of a stream at a time, so none depends on where the text begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace botbottle::scan {

// Percent-encoding, escapes of JSON and of programs (\n, \x41, \u0041, \101), HTML entities and,
// where it has soft line ends, quoted-printable. Layers of one kind (%2525, \\\\n) are one. `out`
// is untouched when there was nothing to undo.
enum class Unescaped : std::uint8_t {
    kNothing,
    kAll,   // what was made holds no escape
    kAgain  // it may hold some
};
Unescaped unescape(std::string_view text, std::string& out);

// Without control bytes (line ends with the blanks after them too), invisible characters, combining
// marks and invalid UTF-8; look-alikes of ASCII letters and digits become these. False, and `out`
// untouched, when nothing changed.
bool fold(std::string_view text, std::string& out);

// The values of a form or a query, and the strings of JSON that are no keys, one after the other:
// a secret that was cut in pieces. Of a value longer than 2 KiB, its ends. False, and `out`
// untouched, where there are fewer than `fewest`.
bool join_values(std::string_view text, std::string& out, std::size_t fewest = 2);

// Where a part of a decoded text came from.
struct Segment {
    std::size_t begin = 0;  // in the decoded text
    std::size_t source = 0;
    std::size_t source_length = 0;
};

// A decoded text and its parts, a line feed after each.
struct Decoded {
    std::string text;
    std::vector<Segment> segments;
    void clear() {
        text.clear();
        segments.clear();
    }
};

// Characters, not bytes that came out by chance: at most every fourth is none of ASCII. UTF-16 has
// zeros.
bool looks_written(std::string_view part);

// Every run of base64 (either alphabet), hexadecimal (digits parted by signs too), base32 or
// decimal character codes that is long enough to hold a secret, decoded at every alignment. What
// came out as characters goes to `written`, and may be encoded again; the rest, most of it from
// alignments that were not meant, to `binary`.
void decode_runs(std::string_view text, Decoded& written, Decoded& binary);

}  // namespace botbottle::scan
