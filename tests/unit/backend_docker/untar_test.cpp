// What an engine says is in a bottle, and what becomes of it here.
#include "untar.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <set>

#include "host-bottle/guest_files.h"
#include "scratch.h"
#include "tar.h"

namespace backend_docker {
namespace {

using host_bottle::code_of;
namespace fs = std::filesystem;

// A header as somebody with bad intentions writes it.
std::string raw_header(const std::string& path, char type, const std::string& target = "",
                       const std::string& size = "00000000000") {
    std::string block(512, '\0');
    const auto put = [&](std::size_t at, const std::string& text) {
        block.replace(at, text.size(), text);
    };
    put(0, path);
    put(100, "0000644");
    put(124, size);
    block[156] = type;
    put(157, target);
    put(257, std::string("ustar\0"
                         "00",
                         8));
    put(148, "        ");
    unsigned sum = 0;
    for (const char c : block)
        sum += static_cast<unsigned char>(c);
    char digits[16];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    block.replace(148, 7, digits, 7);
    return block;
}

class Unpacked : public host_bottle::Scratch {
  protected:
    // In pieces of `step` bytes.
    host_bottle::CopySummary unpack(const std::string& archive, std::size_t step = 1000) {
        const auto parent = host_bottle::open_root(root_);
        Untar untar(parent.get(), "out");
        for (std::size_t at = 0; at < archive.size(); at += step)
            untar.add(std::string_view(archive).substr(at, step));
        untar.finish();
        return untar.summary();
    }
    std::string code(const std::string& archive) {
        const std::string found = code_of([&] { unpack(archive); });
        fs::remove_all(root_ + "/out");
        return found;
    }
    std::string content(const std::string& path) const {
        std::ifstream file(root_ + "/out/" + path);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    static std::string closed(const std::string& entries) {
        return entries + std::string(1024, '\0');
    }
};

TEST_F(Unpacked, IsWhatWasPacked) {
    const std::string deep = "workspace/" + std::string(90, 'd') + "/" + std::string(90, 'e');
    Tar tar;
    tar.add_directory("workspace", 0755);
    tar.add_file("workspace/a", 0640, "hello");
    tar.add_directory("workspace/" + std::string(90, 'd'), 0555);
    tar.add_file(deep, 0600, std::string(3000, 'x'));
    tar.add_link("workspace/link", "a");
    tar.begin_file("workspace/pieces", 0644, 600);
    tar.add_piece(std::string(599, 'p'));
    tar.add_piece("q");
    tar.end_file();
    const std::string archive = tar.take();
    for (const std::size_t step : {std::size_t{1}, std::size_t{511}, archive.size()}) {
        const auto summary = unpack(archive, step);
        EXPECT_EQ(summary.files, 4u);
        EXPECT_EQ(summary.bytes, 3605u);
        EXPECT_TRUE(summary.skipped.empty());
        EXPECT_EQ(content("a"), "hello");
        EXPECT_EQ(content("link"), "hello");
        EXPECT_EQ(content(deep.substr(10)), std::string(3000, 'x'));
        EXPECT_EQ(content("pieces"), std::string(599, 'p') + "q");
        struct stat status = {};
        ASSERT_EQ(stat((root_ + "/out/a").c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777, 0640u);
        const std::string closed_directory = root_ + "/out/" + std::string(90, 'd');
        ASSERT_EQ(stat(closed_directory.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777, 0555u);
        fs::permissions(closed_directory, fs::perms::owner_all);
        fs::remove_all(root_ + "/out");
    }
}

TEST_F(Unpacked, MayBeOneFile) {
    Tar tar;
    tar.add_file("notes", 0644, "one");
    EXPECT_EQ(unpack(tar.take()).files, 1u);
    EXPECT_EQ(content(""), "");
    std::ifstream file(root_ + "/out");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "one");
}

TEST_F(Unpacked, HolesStayHoles) {
    constexpr std::size_t kHole = 3 * 1024 * 1024;
    const std::string holed =
        "begin" + std::string(kHole, '\0') + "middle" + std::string(kHole, '\0');
    Tar tar;
    tar.add_directory("w", 0755);
    tar.add_file("w/holed", 0644, holed);
    tar.add_file("w/full", 0644, std::string(5000, 'x'));
    const std::string archive = tar.take();
    for (const std::size_t step : {std::size_t{1000}, std::size_t{16384}, archive.size()}) {
        EXPECT_EQ(unpack(archive, step).bytes, holed.size() + 5000);
        EXPECT_EQ(content("holed"), holed);
        EXPECT_EQ(content("full"), std::string(5000, 'x'));
        struct stat status = {};
        ASSERT_EQ(stat((root_ + "/out/holed").c_str(), &status), 0);
        EXPECT_LT(status.st_blocks * 512, 64 * 1024);
        fs::remove_all(root_ + "/out");
    }
}

TEST_F(Unpacked, HardLinksBecomeFilesOfTheirOwn) {
    Tar tar;
    tar.add_directory("w", 0755);
    tar.add_file("w/a", 0644, "same");
    const std::string archive = tar.take_piece() + raw_header("w/b", '1', "w/a") +
                                raw_header("w/c", '1', "/etc/passwd") +
                                raw_header("w/d", '1', "w/none");
    const auto summary = unpack(closed(archive));
    EXPECT_EQ(content("b"), "same");
    EXPECT_EQ(summary.skipped.size(), 2u);
    struct stat status = {};
    ASSERT_EQ(stat((root_ + "/out/b").c_str(), &status), 0);
    EXPECT_EQ(status.st_nlink, 1u);
}

// What is named counts as left alone: a list that was cut must say so.
TEST_F(Unpacked, SaysThatItSkippedMoreThanItNames) {
    const auto links = [](int count) {
        std::string archive = raw_header("w", '5');
        for (int i = 0; i < count; ++i)
            archive += raw_header(("w/l" + std::to_string(i)).c_str(), '2', "/etc/passwd");
        return archive;
    };
    const auto all = unpack(closed(links(1000)));
    EXPECT_EQ(all.skipped.size(), 1000U);
    EXPECT_FALSE(all.skipped_more);
    fs::remove_all(root_ + "/out");
    const auto cut = unpack(closed(links(1001)));
    EXPECT_EQ(cut.skipped.size(), 1000U);
    EXPECT_TRUE(cut.skipped_more);
}

TEST_F(Unpacked, NothingLeadsOutOfIt) {
    make("victim", "untouched");
    const std::string root = raw_header("w", '5');
    const auto links = unpack(closed(
        root + raw_header("w/up", '2', "../victim") + raw_header("w/abs", '2', "/etc/passwd") +
        raw_header("w/way", '2', "x/../../victim") + raw_header("w/pipe", '6') +
        raw_header("w/disk", '4') + raw_header("w/char", '3')));
    std::set<std::string> skipped;
    for (const auto& entry : links.skipped)
        skipped.insert(entry.path);
    EXPECT_EQ(skipped, (std::set<std::string>{"abs", "char", "disk", "pipe", "up", "way"}));
    EXPECT_EQ(std::distance(fs::directory_iterator(root_ + "/out"), {}), 0);
    fs::remove_all(root_ + "/out");

    for (const char* const path :
         {"w/../victim", "../victim", "/etc/x", "other", "w/./a", "w//a", ".."})
        EXPECT_EQ(code(closed(root + raw_header(path, '0'))), "bad_archive") << path;
    for (const char* const first : {"..", "/", "a/b", ""})
        EXPECT_EQ(code(closed(raw_header(first, '5'))), "bad_archive") << first;
    // Through a link that is contained, and one that came in the place of a directory.
    const auto through = unpack(closed(root + raw_header("w/d", '5') + raw_header("w/l", '2', "d") +
                                       raw_header("w/l/file", '0')));
    EXPECT_EQ(through.skipped.size(), 1u);
    fs::remove_all(root_ + "/out");
    EXPECT_EQ(code(closed(root + raw_header("w/a", '0') + raw_header("w/a", '0'))), "system");
    EXPECT_EQ(code_of([&] { unpack(closed(raw_header("w", '2', "victim"))); }), "");
    EXPECT_FALSE(fs::exists(fs::symlink_status(root_ + "/out")));
    std::ifstream victim(root_ + "/victim");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(victim), {}), "untouched");
}

TEST_F(Unpacked, WhatMakesNoSenseIsRefused) {
    const std::string root = raw_header("w", '5');
    EXPECT_EQ(code(""), "bad_archive");
    EXPECT_EQ(code(closed("")), "bad_archive");
    EXPECT_EQ(code(root), "bad_archive");  // breaks off
    EXPECT_EQ(code(closed(root + raw_header("w/a", '0', "", "00000002000"))), "bad_archive");
    EXPECT_EQ(code(closed(std::string(512, 'x'))), "bad_archive");
    std::string broken = root;
    broken[0] = 'v';
    EXPECT_EQ(code(closed(broken)), "bad_archive");
    EXPECT_EQ(code(closed(raw_header("w", '0', "", "9999"))), "bad_archive");
    EXPECT_EQ(code(closed(raw_header("p", 'x', "", "77777777777"))), "bad_archive");
    for (const char* const records : {"x", "5 a=b\n", "99 path=a\n", "6 a=b\n\n", "8 pathab\n"}) {
        std::string data(512, '\0');
        data.replace(0, std::strlen(records), records);
        char size[24];
        std::snprintf(size, sizeof size, "%011zo", std::strlen(records));
        EXPECT_EQ(code(closed(raw_header("p", 'x', "", size) + data + root)), "bad_archive")
            << records;
    }
}

}  // namespace
}  // namespace backend_docker
