#include "archive.h"

#include <fcntl.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "backend-docker/tar.h"
#include "host-bottle/fail.h"
#include "host-bottle/files.h"

namespace backend_smolmachines {
namespace {

using Json = nlohmann::json;
using host_bottle::fail;

constexpr std::size_t kBlock = 512;
constexpr std::size_t kLargestDocument = 512 * 1024;
constexpr std::size_t kMostDocuments = 4096;
constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

[[noreturn]] void fail_no_image(const std::string& file, const std::string& why) {
    fail("bad_image", file + " is no image: " + why,
         "make one with: docker save -o agent.tar IMAGE   (or podman save, skopeo copy … "
         "oci-archive:agent.tar)");
}

// Plain files come through zlib as they are.
class Input {
  public:
    explicit Input(const std::string& name) : name_(name), file_(gzopen(name.c_str(), "rbe")) {
        if (file_ == nullptr) host_bottle::fail_errno(name);
        gzbuffer(file_, 256 * 1024);
    }
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input() { gzclose(file_); }

    bool read(char* into, std::size_t size) {
        const int got = gzread(file_, into, static_cast<unsigned>(size));
        if (got < 0 || (got > 0 && static_cast<std::size_t>(got) < size))
            fail_no_image(name_, "it is cut off or damaged");
        return got != 0;
    }
    void skip(std::uint64_t size) {
        if (gzseek(file_, static_cast<z_off_t>(size), SEEK_CUR) < 0)
            fail_no_image(name_, "it is cut off or damaged");
    }

  private:
    std::string name_;
    gzFile file_;
};

using Block = std::array<char, kBlock>;
constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 50;

bool is_empty(const Block& block) {
    for (const char c : block) {
        if (c != 0) return false;
    }
    return true;
}

std::optional<std::uint64_t> number_of(std::string_view field) {
    std::uint64_t value = 0;
    if (!field.empty() &&
        (static_cast<unsigned char>(field.front()) & 0x80) != 0) {  // GNU, base 256
        for (std::size_t i = field.size() - 8; i < field.size(); ++i)
            value = value << 8 | static_cast<unsigned char>(field[i]);
        return value;
    }
    for (const char c : field) {
        if (c == '\0' || c == ' ') continue;
        if (c < '0' || c > '7') return std::nullopt;
        value = value << 3 | static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

std::string text_of(const Block& block, std::size_t offset, std::size_t length) {
    return std::string(block.data() + offset, strnlen(block.data() + offset, length));
}

std::uint64_t padded(std::uint64_t size) {
    return (size + kBlock - 1) / kBlock * kBlock;
}

struct Header {
    std::string name;
    std::uint64_t size = 0;
    char type = '0';
};

Header header_of(const Block& block, const std::string& file) {
    // "ustar" of POSIX and of GNU; older archives have nothing there, and no engine writes them.
    if (text_of(block, 257, 5) != "ustar") fail_no_image(file, "it is no tar archive");
    const auto size = number_of(std::string_view(block.data() + 124, 12));
    // One that wraps around would lead back.
    if (!size || *size > kLargestSize) fail_no_image(file, "it is no tar archive");
    Header header{text_of(block, 0, 100), *size, block[156]};
    const std::string prefix = block[262] == '\0' ? text_of(block, 345, 155) : std::string();
    if (!prefix.empty()) header.name = prefix + "/" + header.name;
    while (header.name.starts_with("./"))
        header.name.erase(0, 2);
    return header;
}

std::map<std::string, std::string> documents_of(const std::string& file) {
    Input input(file);
    std::map<std::string, std::string> documents;
    Block block;
    while (input.read(block.data(), block.size()) && !is_empty(block)) {
        const Header header = header_of(block, file);
        const bool regular = header.type == '0' || header.type == '\0';
        if (!regular || header.size > kLargestDocument || documents.size() >= kMostDocuments) {
            input.skip(padded(header.size));
            continue;
        }
        std::string content(padded(header.size), '\0');
        if (!content.empty() && !input.read(content.data(), content.size()))
            fail_no_image(file, "it is cut off");
        content.resize(header.size);
        if (content.starts_with('{') || content.starts_with('['))
            documents[header.name] = std::move(content);
    }
    return documents;
}

Json document_at(const std::map<std::string, std::string>& documents, const std::string& name) {
    const auto found = documents.find(name);
    return found == documents.end() ? Json() : Json::parse(found->second, nullptr, false);
}

std::string blob_name(const std::string& digest) {
    const std::size_t colon = digest.find(':');
    if (colon == std::string::npos || digest.find('/') != std::string::npos) return {};
    return "blobs/" + digest.substr(0, colon) + "/" + digest.substr(colon + 1);
}

std::string member(const Json& document, const char* key) {
    if (!document.is_object()) return {};
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>()
                                                         : std::string();
}

void take_configuration(const Json& document, ArchiveImage& image) {
    image.path = kDefaultPath;
    image.architecture = member(document, "architecture");
    if (!document.is_object() || !document.contains("config")) return;
    const Json& config = document.at("config");
    image.user = member(config, "User");
    if (!config.is_object() || !config.contains("Env") || !config.at("Env").is_array()) return;
    for (const Json& variable : config.at("Env")) {
        const std::string text = variable.is_string() ? variable.get<std::string>() : "";
        if (text.starts_with("PATH=/")) image.path = text.substr(5);
    }
}

// The manifest for this architecture, through indexes of indexes.
Json pick_manifest(const std::map<std::string, std::string>& documents, const Json& index,
                   const std::string& architecture, unsigned depth, std::string& digest) {
    if (depth == 0 || !index.is_object() || !index.contains("manifests") ||
        !index.at("manifests").is_array())
        return {};
    for (const bool exact : {true, false}) {
        for (const Json& entry : index.at("manifests")) {
            if (!entry.is_object()) continue;
            const Json platform = entry.value("platform", Json());
            const std::string built = member(platform, "architecture");
            if (exact ? built != architecture : !built.empty()) continue;
            Json document = document_at(documents, blob_name(member(entry, "digest")));
            if (document.is_object() && document.contains("layers")) {
                digest = member(entry, "digest");
                return document;
            }
            Json nested = pick_manifest(documents, document, architecture, depth - 1, digest);
            if (nested.is_object()) return nested;
        }
    }
    return {};
}

ArchiveImage docker_image(const std::map<std::string, std::string>& documents,
                          const Json& manifest) {
    const Json& first = manifest.at(0);
    const std::string name = member(first, "Config");
    const Json config = document_at(documents, name);
    if (!config.is_object())
        fail("bad_image", "the image's archive has no configuration " + name,
             "save the image again");
    ArchiveImage image;
    image.id = name.substr(name.rfind('/') + 1);
    if (image.id.ends_with(".json")) image.id.resize(image.id.size() - 5);
    take_configuration(config, image);
    return image;
}

ArchiveImage oci_image(const std::map<std::string, std::string>& documents, const Json& index,
                       const std::string& architecture) {
    constexpr unsigned kDeepest = 4;
    std::string digest;
    const Json manifest = pick_manifest(documents, index, architecture, kDeepest, digest);
    if (!manifest.is_object())
        fail("bad_image", "the image's archive has nothing for " + architecture,
             "save it for this architecture: --platform linux/" + architecture);
    const std::string config_name = blob_name(member(manifest.value("config", Json()), "digest"));
    ArchiveImage image;
    image.id = digest.substr(digest.find(':') + 1);
    take_configuration(document_at(documents, config_name), image);
    Json layers = Json::array();
    for (const Json& layer : manifest.at("layers"))
        layers.push_back(blob_name(member(layer, "digest")));
    image.manifest_to_add =
        Json::array({{{"Config", config_name}, {"RepoTags", Json::array()}, {"Layers", layers}}})
            .dump();
    return image;
}

}  // namespace

std::string this_architecture() {
#if defined(__aarch64__) || defined(_M_ARM64)
    return "arm64";
#elif defined(__x86_64__)
    return "amd64";
#else
    return "unknown";
#endif
}

ArchiveImage image_of_documents(const std::map<std::string, std::string>& documents,
                                const std::string& architecture) {
    const Json manifest = document_at(documents, "manifest.json");
    ArchiveImage image;
    if (manifest.is_array() && !manifest.empty()) {
        image = docker_image(documents, manifest);
    } else {
        const Json index = document_at(documents, "index.json");
        if (!index.is_object())
            fail("bad_image", "the archive has neither docker's manifest.json nor OCI's index.json",
                 "make one with: docker save -o agent.tar IMAGE");
        image = oci_image(documents, index, architecture);
    }
    if (!image.architecture.empty() && image.architecture != architecture)
        fail(
            "bad_image",
            "the image is made for " + image.architecture + ", and this machine is " + architecture,
            "build or pull it for this architecture: --platform linux/" + architecture);
    return image;
}

ArchiveImage read_archive(const std::string& file) {
    return image_of_documents(documents_of(file), this_architecture());
}

void copy_with(const std::string& file, const std::string& name, std::string_view content,
               const std::string& target) {
    Input input(file);
    const host_bottle::UniqueFd output(
        open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!output) host_bottle::fail_errno(target);
    Block block;
    std::string buffer;
    while (input.read(block.data(), block.size()) && !is_empty(block)) {
        host_bottle::write_all(output.get(), std::string_view(block.data(), block.size()), target);
        std::uint64_t left = padded(header_of(block, file).size);
        while (left > 0) {
            buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, 1024 * 1024)));
            if (!input.read(buffer.data(), buffer.size())) fail_no_image(file, "it is cut off");
            host_bottle::write_all(output.get(), buffer, target);
            left -= buffer.size();
        }
    }
    backend_docker::Tar rest;
    rest.add_file(name, 0644, content);
    host_bottle::write_all(output.get(), rest.take(), target);
}

}  // namespace backend_smolmachines
