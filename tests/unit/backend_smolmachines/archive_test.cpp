#include "archive.h"

#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "backend-docker/tar.h"
#include "handle.h"
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

void set_checksum(std::string& header) {
    header.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i)
        sum += static_cast<unsigned char>(header[i]);
    std::array<char, 8> digits;
    std::snprintf(digits.data(), digits.size(), "%06o", sum);
    header.replace(148, 7, digits.data(), 7);
}

std::string octal(std::size_t value) {
    std::array<char, 12> digits;
    std::snprintf(digits.data(), digits.size(), "%011zo", value);
    return std::string(digits.data(), 11);
}

// As no friend would write it.
std::string entry(const std::string& name, char type, const std::string& content) {
    std::string block(512, '\0');
    block.replace(0, name.size(), name);
    block.replace(100, 7, "0000644");
    block.replace(124, 11, octal(content.size()));
    block[156] = type;
    block.replace(257, 8, std::string("ustar\00000", 8));
    set_checksum(block);
    return block + content + std::string((512 - content.size() % 512) % 512, '\0');
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
    std::string bad_checksum = whole;
    bad_checksum[100] ^= 1;  // in the mode
    EXPECT_EQ(host_bottle::code_of([&] { read_archive(make("sum.tar", bad_checksum)); }),
              "bad_image");
    // A size in base 256 that leads back to its own header.
    std::string back = whole;
    back.replace(124, 12, std::string("\x80\0\0\0\xff\xff\xff\xff\xff\xff\xfe\0", 12));
    set_checksum(back);
    EXPECT_EQ(host_bottle::code_of([&] { read_archive(make("back.tar", back)); }), "bad_image");
}

// An OCI layout whose names are right.
class Checked : public ArchiveFile {
  protected:
    Checked() {
        const std::string config = add_blob(R"({"config": {"User": ""}})");
        layer_ = add_blob(std::string(300'000, 'l'));
        manifest_ = add_blob(R"({"config": {"digest": ")" + config +
                             R"("}, "layers": [{"digest": ")" + layer_ + R"("}]})");
        files_["index.json"] = R"({"manifests": [{"digest": ")" + manifest_ + R"("}]})";
    }

    std::string add_blob(const std::string& content) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> sum;
        unsigned size = 0;
        EVP_Digest(content.data(), content.size(), sum.data(), &size, EVP_sha256(), nullptr);
        const std::string digits = hex_of({reinterpret_cast<const char*>(sum.data()), size});
        files_["blobs/sha256/" + digits] = content;
        return "sha256:" + digits;
    }
    static std::string file_of(const std::string& digest) {
        return "blobs/sha256/" + digest.substr(digest.find(':') + 1);
    }

    // What is wrong with it, or "".
    std::string refusal(const std::string& archive) {
        const std::string path = make("image.tar", archive);
        try {
            check_archive(path, read_archive(path));
            return "";
        } catch (const host_bottle::OperationError& error) {
            EXPECT_EQ(error.code(), "bad_image");
            EXPECT_NE(error.hint(), "");
            return error.message();
        }
    }

    std::string with(const std::string& more) {
        std::string archive = tar(files_);
        while (archive.ends_with(std::string(512, '\0')))
            archive.resize(archive.size() - 512);
        return archive + more + std::string(1024, '\0');
    }

    Documents files_;
    std::string layer_;
    std::string manifest_;
};

TEST_F(Checked, AWholeOne) {
    EXPECT_EQ(refusal(tar(files_)), "");
    EXPECT_EQ(refusal(with(entry("oci-layout", '0', "{}"))), "");
}

TEST_F(Checked, WhatIsNotWhatItsNameSays) {
    for (const std::string& digest : {layer_, manifest_}) {
        std::string& content = files_.at(file_of(digest));
        const std::string before = content;
        content += ' ';
        const std::string said = refusal(tar(files_));
        EXPECT_NE(said.find(root_ + "/image.tar"), std::string::npos) << said;
        EXPECT_NE(said.find("the digest of " + file_of(digest) + " is sha256:"), std::string::npos)
            << said;
        EXPECT_NE(said.find("and not " + digest), std::string::npos) << said;
        content = before;
    }
    files_["blobs/sha256/0123"] = "never asked for";
    EXPECT_NE(refusal(tar(files_)), "");
}

TEST_F(Checked, AConfigurationThatEnginesNameByItsDigest) {
    const std::string name = std::string(64, 'a') + ".json";
    const Documents files = {{name, R"({"config": {}})"},
                             {"manifest.json", R"([{"Config": ")" + name + R"(", "Layers": []}])"}};
    EXPECT_NE(refusal(tar(files)).find("and not sha256:" + std::string(64, 'a')),
              std::string::npos);
}

TEST_F(Checked, WhatIsMissing) {
    files_.erase(file_of(layer_));
    EXPECT_NE(refusal(tar(files_)).find("it lacks " + file_of(layer_)), std::string::npos);
}

TEST_F(Checked, ADigestOfAnUnknownKind) {
    files_["blobs/md5/0123"] = "x";
    EXPECT_NE(refusal(tar(files_)).find("not known here"), std::string::npos);
}

// Ways to show one reader another file than the next.
TEST_F(Checked, TwoFacesOfOneFile) {
    const std::string name = file_of(layer_);
    const auto record = [](const std::string& text) {
        std::string made = " " + text + "\n";
        std::size_t size = made.size() + 1;
        while (std::to_string(size).size() + made.size() != size)
            ++size;
        return std::to_string(size) + made;
    };
    const std::string evil(600, 'e');
    const std::string cases[] = {
        entry(name, '0', evil),         // twice
        entry("./" + name, '0', evil),  // by another name
        entry("x/../" + name, '0', evil),
        entry("/" + name, '0', evil),
        entry("x", 'x', record("path=" + name)) + entry("harmless", '0', evil),       // pax
        entry("x", 'L', name + std::string(1, '\0')) + entry("harmless", '0', evil),  // GNU
        entry("x", 'g', record("path=" + name)) + entry("harmless", '0', evil),
        entry("x", 'x', record("size=5")) + entry("harmless", '0', evil),
        entry("x", 'x', record("GNU.sparse.major=1")) + entry("harmless", '0', evil),
        entry("x", 'x', "5 path=x\n") + entry("harmless", '0', evil),
        entry("harmless", 'S', evil),
        entry("harmless", '1', evil),
        entry(name, '2', ""),
        entry("../up", '0', evil),
        entry("x", 'x', record("path=../up")) + entry("harmless", '0', evil),
        std::string(1024, '\0') + entry(name, '0', evil),  // behind the end
    };
    for (const std::string& more : cases)
        EXPECT_NE(refusal(with(more)), "") << (&more - cases);
}

TEST_F(Checked, LongNamesAreOnlyNames) {
    EXPECT_EQ(refusal(with(entry("x", 'L', std::string(300, 'n')) + entry("n", '0', "x"))), "");
    EXPECT_NE(refusal(with(entry("x", 'L', std::string(70'000, 'n')) + entry("n", '0', "x"))), "");
}

}  // namespace
}  // namespace backend_smolmachines
