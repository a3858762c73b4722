// What an image is built from, and what an engine says while it builds.
#include "build_context.h"
#include "build_output.h"
#include "image.h"
#include "scratch.h"
#include "tar.h"

namespace backend_docker {
namespace {

using host_bottle::code_of;
using Contexts = host_bottle::Scratch;

// What tar(1) lists of an archive.
std::string listed(const std::string& archive, const std::string& root) {
    std::ofstream(root + ".tar") << archive;
    const std::string command =
        "tar -tvf " + root + ".tar --numeric-owner > " + root + ".list 2>&1";
    if (std::system(command.c_str()) != 0) return "tar refuses it";
    std::ifstream file(root + ".list");
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Contexts, AreArchivesThatTarReads) {
    Tar tar;
    const std::string deep = std::string(90, 'd') + "/" + std::string(90, 'e');
    tar.add_directory("dir", 0755);
    tar.add_file("dir/run.sh", 0755, "#!/bin/sh\n");
    tar.add_file(deep, 0644, std::string(513, 'x'));
    tar.add_link("link", "dir/run.sh");
    tar.add_link("far", std::string(150, 't'));
    const std::string text = listed(tar.take(), root_ + "/t");
    EXPECT_NE(text.find("drwxr-xr-x 0/0"), std::string::npos) << text;
    EXPECT_NE(text.find("-rwxr-xr-x 0/0              10 1970-01-01"), std::string::npos) << text;
    EXPECT_NE(text.find(" 513 1970-01-01"), std::string::npos) << text;
    EXPECT_NE(text.find(deep), std::string::npos) << text;
    EXPECT_NE(text.find("link -> dir/run.sh"), std::string::npos) << text;
    EXPECT_NE(text.find("far -> " + std::string(150, 't')), std::string::npos) << text;
}

TEST_F(Contexts, TakeTheDirectoryBesideADockerfile) {
    const std::string path = make("c/Dockerfile.mine", "FROM scratch\n");
    make("c/sub/tool", "tool", 0755);
    make("c/.git/config", "secret");
    link("c/to-outside", "/etc/passwd");
    const BuildContext context = with_directory(path);
    EXPECT_EQ(context.dockerfile, "Dockerfile.mine");
    const std::string text = listed(context.archive, root_ + "/t");
    EXPECT_NE(text.find("sub/tool"), std::string::npos) << text;
    EXPECT_NE(text.find("to-outside -> /etc/passwd"), std::string::npos) << text;
    EXPECT_EQ(text.find(".git"), std::string::npos) << text;
}

TEST_F(Contexts, AreRefusedWhenTheyCannotBeMeant) {
    EXPECT_NE(code_of([&] { with_directory(root_ + "/missing"); }), "");
    make("d/x", "");
    EXPECT_EQ(code_of([&] { lone_dockerfile(root_ + "/d"); }), "no_dockerfile");
    const std::string path = make("large/Dockerfile", "FROM scratch\n");
    make("large/big", "");
    std::filesystem::resize_file(root_ + "/large/big", 65u << 20);
    EXPECT_EQ(code_of([&] { with_directory(path); }), "context_too_large");
}

TEST_F(Contexts, HaveTheAddressOfTheirContent) {
    const std::string path = make("c/Dockerfile", "FROM scratch\n");
    make("c/a", "1");
    const auto address = [&](const std::string& base = "") {
        return content_address(with_directory(path), base);
    };
    const std::string first = address();
    EXPECT_EQ(first.size(), 64u);
    EXPECT_EQ(address(), first);
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
    EXPECT_EQ(address(), first) << "a time is no content";
    EXPECT_NE(address("debian:12"), first);
    make("c/a", "2");
    const std::string second = address();
    EXPECT_NE(second, first);
    std::filesystem::permissions(root_ + "/c/a", std::filesystem::perms::owner_all);
    EXPECT_NE(address(), second);
}

TEST(BuildOutput, IsLinesForPeople) {
    std::vector<std::string> lines;
    BuildOutput output([&](const std::string& line) { lines.push_back(line); });
    output.add("{\"stream\":\"Step 1/2 : FR");
    output.add(
        "OM scratch\\n\"}\r\n{\"stream\":\"\\n\"}\nnot json\n[1]\n"
        "{\"status\":\"Downloading\",\"id\":\"abc\",\"progress\":\"[=> ] 1/2\"}\n"
        "{\"stream\":\"\\u001b[2Jevil\"}\n");
    const std::vector<std::string> expected = {"Step 1/2 : FROM scratch",
                                               "abc: Downloading [=> ] 1/2", " [2Jevil"};
    EXPECT_EQ(lines, expected);
    EXPECT_EQ(output.failure(), "");
}

TEST(BuildOutput, KeepsWhyItFailed) {
    BuildOutput output([](const std::string&) {});
    output.add(
        "{\"stream\":\"E: no such package\\n\"}\n"
        "{\"errorDetail\":{\"code\":100},\"error\":\"returned a non-zero code: 100\"}\n");
    EXPECT_EQ(output.failure(), "returned a non-zero code: 100\nE: no such package\n");
}

TEST(BuildOutput, HoldsNoLineForEver) {
    BuildOutput output([](const std::string&) {});
    for (int i = 0; i < 64; ++i)
        output.add(std::string(1 << 16, 'x'));
    output.add("\n{\"error\":\"after it\"}\n");
    EXPECT_EQ(output.failure(), "after it");
}

TEST_F(Contexts, ComeFromTheManifestOrTheInstallation) {
    unsetenv("BOTBOTTLE_DOCKER_BASE");
    make("share/botbottle/images/Dockerfile.claude", "FROM scratch\n");
    make("share/botbottle/images/Dockerfile.run", "FROM scratch\n");
    const auto source = [&](const Json& image) {
        return image_source({{"libexec_dir", root_ + "/libexec/botbottle"}, {"image", image}});
    };
    const ImageSource claude = source({{"provider", "claude"}, {"dockerfile", nullptr}});
    EXPECT_EQ(claude.dockerfile, root_ + "/share/botbottle/images/Dockerfile.claude");
    EXPECT_EQ(claude.name, "claude");
    EXPECT_FALSE(claude.own);
    EXPECT_EQ(source({{"provider", nullptr}}).name, "run");
    const ImageSource own = source({{"provider", "claude"}, {"dockerfile", "/d/Dockerfile"}});
    EXPECT_EQ(own.dockerfile, "/d/Dockerfile");
    EXPECT_TRUE(own.own);
    EXPECT_EQ(code_of([&] { source({{"provider", "parrot"}}); }), "no_image");
    EXPECT_EQ(code_of([&] { source({{"provider", "../x"}}); }), "invalid_request");
    setenv("BOTBOTTLE_DOCKER_BASE", "mine:1", 1);
    EXPECT_EQ(source({{"provider", "claude"}}).base, "mine:1");
    unsetenv("BOTBOTTLE_DOCKER_BASE");
}

TEST(Image, SaysWhereItsProgramsAre) {
    EXPECT_EQ(image_of({{"Id", "sha256:1"}}).path,
              "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    const Json config = {{"Env", {"A=b", "PATH=/opt/x:/bin", "PATHS=/no"}}};
    EXPECT_EQ(image_of({{"Id", "sha256:1"}, {"Config", config}}).path, "/opt/x:/bin");
    EXPECT_EQ(image_of({{"Id", "sha256:1"}, {"Config", nullptr}}).id, "sha256:1");
    EXPECT_EQ(code_of([] { image_of(Json::object()); }), "engine_protocol");
}

}  // namespace
}  // namespace backend_docker
