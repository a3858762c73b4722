#include "archive.h"

#include <nlohmann/json.hpp>

#include "backend-docker/tar.h"
#include "scratch.h"

namespace backend_smolmachines {
namespace {

using Documents = std::map<std::string, std::string>;

constexpr const char* kConfig =
    R"({"architecture": "amd64", "config": {"User": "node", "Env": ["A=b", "PATH=/opt/bin:/bin"]}})";

TEST(Archive, OfDocker) {
    const ArchiveImage image = image_of_documents(
        {{"manifest.json", R"([{"Config": "0123.json", "Layers": ["l/layer.tar"]}])"},
         {"0123.json", kConfig}},
        "amd64");
    EXPECT_EQ(image.id, "0123");
    EXPECT_EQ(image.user, "node");
    EXPECT_EQ(image.path, "/opt/bin:/bin");
    EXPECT_EQ(image.manifest_to_add, "");
}

Documents oci(const char* platform) {
    return {
        {"index.json", std::string(R"({"manifests": [{"digest": "sha256:m")") + platform + "}]}"},
        {"blobs/sha256/m",
         R"({"config": {"digest": "sha256:c"}, "layers": [{"digest": "sha256:l"}]})"},
        {"blobs/sha256/c", kConfig}};
}

TEST(Archive, OfOciGetsDockersManifest) {
    const ArchiveImage image = image_of_documents(oci(""), "amd64");
    EXPECT_EQ(image.id, "m");
    EXPECT_EQ(image.path, "/opt/bin:/bin");
    const auto manifest = nlohmann::json::parse(image.manifest_to_add);
    EXPECT_EQ(manifest.at(0).at("Config"), "blobs/sha256/c");
    EXPECT_EQ(manifest.at(0).at("Layers"), nlohmann::json({"blobs/sha256/l"}));
}

TEST(Archive, OfSeveralPlatformsTheRightOne) {
    EXPECT_EQ(image_of_documents(oci(R"(, "platform": {"architecture": "amd64"})"), "amd64").id,
              "m");
    EXPECT_EQ(host_bottle::code_of([] {
                  image_of_documents(oci(R"(, "platform": {"architecture": "arm64"})"), "amd64");
              }),
              "bad_image");
}

TEST(Archive, WhatIsNoImageIsRefused) {
    const Documents cases[] = {
        {},
        {{"manifest.json", "[]"}},
        {{"manifest.json", R"([{"Config": "gone.json"}])"}},
        {{"manifest.json", R"([5])"}},
        {{"index.json", R"({"manifests": [{"digest": "sha256:../../x"}]})"}},
        {{"index.json", R"({"manifests": 5})"}},
        {{"manifest.json", R"([{"Config": "c.json"}])"},
         {"c.json", R"({"architecture": "s390x"})"}},
    };
    for (const Documents& documents : cases)
        EXPECT_EQ(host_bottle::code_of([&] { image_of_documents(documents, "amd64"); }),
                  "bad_image");
}

TEST(Archive, AnIndexThatNamesItselfEnds) {
    EXPECT_EQ(host_bottle::code_of([] {
                  image_of_documents(
                      {{"index.json", R"({"manifests": [{"digest": "sha256:a"}]})"},
                       {"blobs/sha256/a", R"({"manifests": [{"digest": "sha256:a"}]})"}},
                      "amd64");
              }),
              "bad_image");
}

class ArchiveFile : public host_bottle::Scratch {
  protected:
    std::string tar(const Documents& files) {
        backend_docker::Tar made;
        for (const auto& [name, content] : files)
            made.add_file(name, 0644, content);
        return made.take();
    }
};

TEST_F(ArchiveFile, IsReadAndCompleted) {
    const std::string layer(3000, 'x');
    Documents files = oci("");
    for (auto& [name, content] : files) {
        if (name == "blobs/sha256/c") content = R"({"config": {}})";
    }
    files["blobs/sha256/l"] = layer;
    const std::string path = make("oci.tar", tar(files));
    const ArchiveImage image = read_archive(path);
    ASSERT_NE(image.manifest_to_add, "");
    const std::string completed = root_ + "/docker.tar";
    copy_with(path, "manifest.json", image.manifest_to_add, completed);
    EXPECT_EQ(read_archive(completed).manifest_to_add, "");
    EXPECT_EQ(read_archive(completed).path, image.path);
}

TEST_F(ArchiveFile, DamagedOnesAreRefused) {
    const std::string whole = tar(oci(""));
    for (const std::size_t size :
         {std::size_t{100}, std::size_t{512}, std::size_t{600}, std::size_t{1500}}) {
        const std::string path = make("cut" + std::to_string(size) + ".tar", whole.substr(0, size));
        EXPECT_EQ(host_bottle::code_of([&] { read_archive(path); }), "bad_image") << size;
    }
    EXPECT_EQ(host_bottle::code_of([&] { read_archive(make("text.tar", std::string(2000, 'x'))); }),
              "bad_image");
    EXPECT_EQ(host_bottle::code_of([&] { read_archive(make("empty.tar", "")); }), "bad_image");
    EXPECT_EQ(host_bottle::code_of([&] { read_archive(root_ + "/none.tar"); }), "system");
    // A size in base 256 that leads back to its own header.
    std::string back = whole;
    back.replace(124, 12, std::string("\x80\0\0\0\xff\xff\xff\xff\xff\xff\xfe\0", 12));
    EXPECT_EQ(host_bottle::code_of([&] { read_archive(make("back.tar", back)); }), "bad_image");
}

}  // namespace
}  // namespace backend_smolmachines
