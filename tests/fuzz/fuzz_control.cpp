// The control protocol's lines: however the bytes are cut, the same lines come out, up to the first
// that is too long; and what a line says is read without a crash. Input: piece sizes' seed, then
// bytes.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "control/fields.h"
#include "control/line_buffer.h"

namespace {

constexpr std::size_t kMaxLine = 256;

// The lines that must come out.
std::vector<std::string> expected_lines(std::string_view bytes) {
    std::vector<std::string> lines;
    for (auto end = bytes.find('\n'); end != std::string_view::npos && end <= kMaxLine;
         end = bytes.find('\n')) {
        lines.emplace_back(bytes.substr(0, end));
        bytes.remove_prefix(end + 1);
    }
    return lines;
}

void read_message(std::string_view line) {
    using namespace botbottle::control;
    auto message = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
    if (!message.is_object()) return;
    (void)only_members(message, {"id", "method", "params"});
    (void)string_member(message, "method");
    (void)number_member(message, "id");
    (void)take_secrets(message, "secrets");
    (void)take_secret(message, "value");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    unsigned seed = data[0];
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto expected = expected_lines(bytes);
    botbottle::control::LineBuffer buffer(kMaxLine);
    std::vector<std::string> lines;
    while (!bytes.empty() && !buffer.overflowed()) {
        const auto room = buffer.prepare();
        if (room.empty()) break;
        seed = seed * 1103515245 + 12345;
        const std::size_t piece =
            std::min({room.size(), bytes.size(), std::size_t{1} + (seed >> 16) % 97});
        std::memcpy(room.data(), bytes.data(), piece);
        buffer.commit(piece);
        bytes.remove_prefix(piece);
        while (const auto line = buffer.next()) {
            lines.emplace_back(*line);
            read_message(*line);
        }
    }
    // A line at the very limit may be refused or taken; nothing may be lost or made up before.
    if (lines.size() > expected.size() + 1) std::abort();
    for (std::size_t i = 0; i < std::min(lines.size(), expected.size()); ++i) {
        if (lines[i] != expected[i]) std::abort();
    }
    if (!buffer.overflowed() && lines.size() != expected.size()) std::abort();
    return 0;
}
