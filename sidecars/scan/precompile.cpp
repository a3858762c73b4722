// scan_precompile FILE: writes builtin_database() as C++, vectorscan's database of the built-in
// patterns. Runs when the scanner is built, and is no part of an installation.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "scan/finder.h"
#include "scan/rules.h"

namespace {

using namespace botbottle::scan;

int fail(const std::string& problem) {
    std::fprintf(stderr, "scan_precompile: error: %s\n", problem.c_str());
    return EXIT_FAILURE;
}

// Three octal digits a byte: an escape that no character after it prolongs.
std::string to_literal(std::string_view bytes) {
    constexpr std::size_t kBytesOfLine = 32;
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        if (at % kBytesOfLine == 0) text += at == 0 ? "\"" : "\"\n\"";
        const auto byte = static_cast<unsigned char>(bytes[at]);
        text += '\\';
        for (const unsigned shift : {6U, 3U, 0U})
            text += static_cast<char>('0' + (byte >> shift & 7U));
    }
    return text + '"';
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return fail("name the file to write");
    RuleTable table;
    parse_rules(builtin_rules(), table);
    if (!table.problem.empty()) return fail("the built-in rules: " + table.problem);
    std::vector<Pattern> searched;
    for (const std::uint32_t index : found_anywhere(table.patterns))
        searched.push_back(table.patterns[index]);
    std::string problem;
    const std::string database = make_database(searched, problem);
    if (database.empty()) return fail(problem);
    std::ofstream file(argv[1], std::ios::trunc);
    file << "// Made by scan_precompile from resources/scan/rules.txt.\n"
            "#include \"scan/rules.h\"\n\n"
            "namespace botbottle::scan {\n\n"
            "std::string_view builtin_database() {\n"
            "    alignas(64) static constexpr char kBytes[] =\n"
         << to_literal(database)
         << ";\n    return {kBytes, sizeof kBytes - 1};\n}\n\n}  // namespace botbottle::scan\n";
    file.close();
    return file ? EXIT_SUCCESS : fail(std::string("cannot write ") + argv[1]);
}
