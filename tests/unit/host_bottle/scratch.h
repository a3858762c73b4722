// A directory for one test, removed with it; and the code of the error that an operation throws.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "host-bottle/fail.h"

namespace host_bottle {

class Scratch : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/backend-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        root_ = std::filesystem::canonical(name).string();
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    std::string make(const std::string& path, const std::string& content, int mode = 0644) {
        const std::filesystem::path full = root_ + "/" + path;
        std::filesystem::create_directories(full.parent_path());
        std::ofstream(full) << content;
        std::filesystem::permissions(full, static_cast<std::filesystem::perms>(mode));
        return full.string();
    }
    std::string link(const std::string& path, const std::string& target) {
        const std::filesystem::path full = root_ + "/" + path;
        std::filesystem::create_directories(full.parent_path());
        std::filesystem::create_symlink(target, full);
        return full.string();
    }

    std::string root_;
};

template <typename Body>
std::string code_of(Body&& body) {
    try {
        body();
    } catch (const OperationError& error) {
        return error.code();
    }
    return "";
}

}  // namespace host_bottle
