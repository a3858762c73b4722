#include "scratch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

Scratch::Scratch() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "botbottle-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

QString Scratch::file(const char* name, const std::string& content, int mode) const {
    const std::filesystem::path path = path_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
    return QString::fromStdString(path.string());
}
