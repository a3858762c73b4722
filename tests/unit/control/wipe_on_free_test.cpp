// Freed C++ memory does not keep what it held: a canary that went through strings and JSON is
// nowhere in the heap afterwards.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace {

// The canary as it never stands in the program's own data.
std::string canary() {
    std::string text;
    for (const char c : std::string_view("sgxevuc1xjqri.ernqf.guvf"))
        text += static_cast<char>(c ^ 1);
    return text;
}

// How often the bytes stand in this process's heap.
int in_heap(const char* needle, std::size_t size) {
    std::ifstream maps("/proc/self/maps");
    std::string line;
    while (std::getline(maps, line)) {
        if (line.find("[heap]") == std::string::npos) continue;
        char* dash = nullptr;
        const unsigned long begin = std::strtoul(line.c_str(), &dash, 16);
        const unsigned long end = std::strtoul(dash + 1, nullptr, 16);
        int count = 0;
        const char* at = reinterpret_cast<const char*>(begin);
        const char* const last = reinterpret_cast<const char*>(end);
        while (const void* found = memmem(at, static_cast<std::size_t>(last - at), needle, size)) {
            ++count;
            at = static_cast<const char*>(found) + 1;
        }
        return count;
    }
    return -1;
}

TEST(WipeOnFree, JsonLeavesNoCopy) {
    if (in_heap("x", 1) < 0) GTEST_SKIP() << "a sanitizer's allocator has no heap to look into";
    char needle[64];
    std::size_t size = 0;
    {
        const std::string text = canary();
        size = text.size();
        std::memcpy(needle, text.data(), size);
        ASSERT_GT(in_heap(needle, size), 0) << "the search itself must work";
        nlohmann::json document = {{"secret", text}, {"copy", text + text}};
        const auto again = nlohmann::json::parse(document.dump());
        ASSERT_EQ(again["secret"], text);
        auto large = std::make_unique<std::string>();
        for (int i = 0; i < 100; ++i)
            *large += text;
    }
    EXPECT_EQ(in_heap(needle, size), 0);
}

}  // namespace
