#include "archive.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "archive_reader.h"
#include "backend-docker/tar.h"
#include "handle.h"
#include "host-bottle/fail.h"
#include "host-bottle/files.h"

namespace backend_smolmachines {
namespace {

using Json = nlohmann::json;
using host_bottle::fail;

constexpr std::size_t kLargestDocument = 512 * 1024;
constexpr std::size_t kMostDocuments = 4096;
constexpr std::size_t kMostEntries = 65536;
constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::map<std::string, std::string> documents_of(const std::string& file) {
    ArchiveReader archive(file);
    std::map<std::string, std::string> documents;
    while (const auto entry = archive.next()) {
        if (!entry->regular() || entry->size > kLargestDocument ||
            documents.size() >= kMostDocuments)
            continue;
        std::string content;
        for (auto part = archive.piece(); !part.empty(); part = archive.piece())
            content += part;
        if (content.starts_with('{') || content.starts_with('['))
            documents[entry->name] = std::move(content);
    }
    return documents;
}

// A file whose name is a digest of what it holds.
struct Named {
    const EVP_MD* kind = nullptr;
    std::string prefix;  // "sha256:"
    std::string digits;
};

// blobs/sha256/0123… of an OCI layout (image-layout.md, "Blobs"); 0123….json is an image's
// configuration as engines saved it before they knew of layouts.
std::optional<Named> named_by_digest(const std::string& name, const std::string& file) {
    constexpr std::string_view kBlobs = "blobs/";
    constexpr std::string_view kJson = ".json";
    constexpr std::size_t kDigits = 64;
    if (name.starts_with(kBlobs)) {
        const std::size_t slash = name.find('/', kBlobs.size());
        if (slash == std::string::npos) return std::nullopt;
        const std::string kind = name.substr(kBlobs.size(), slash - kBlobs.size());
        if (kind != "sha256" && kind != "sha512")
            fail_no_image(file, name + " has a digest of a kind that is not known here");
        return Named{kind == "sha256" ? EVP_sha256() : EVP_sha512(), kind + ":",
                     name.substr(slash + 1)};
    }
    if (name.size() == kDigits + kJson.size() && name.ends_with(kJson) &&
        name.find_first_not_of("0123456789abcdef") == kDigits)
        return Named{EVP_sha256(), "sha256:", name.substr(0, kDigits)};
    return std::nullopt;
}

std::string digits_of_content(ArchiveReader& archive, const EVP_MD* kind) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> sum(EVP_MD_CTX_new(),
                                                                      &EVP_MD_CTX_free);
    bool good = sum && EVP_DigestInit_ex(sum.get(), kind, nullptr) == 1;
    for (auto part = archive.piece(); good && !part.empty(); part = archive.piece())
        good = EVP_DigestUpdate(sum.get(), part.data(), part.size()) == 1;
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
    unsigned size = 0;
    if (!good || EVP_DigestFinal_ex(sum.get(), bytes.data(), &size) != 1)
        fail("no_hash", "SHA-256 does not work");
    return hex_of({reinterpret_cast<const char*>(bytes.data()), size});
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
    image.files = {name};
    if (first.contains("Layers") && first.at("Layers").is_array()) {
        for (const Json& layer : first.at("Layers")) {
            if (layer.is_string()) image.files.push_back(layer.get<std::string>());
        }
    }
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
    image.files = {config_name};
    for (const Json& layer : manifest.at("layers")) {
        image.files.push_back(blob_name(member(layer, "digest")));
        layers.push_back(image.files.back());
    }
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

void check_archive(const std::string& file, const ArchiveImage& image) {
    ArchiveReader archive(file);
    std::set<std::string> names;
    while (const auto entry = archive.next()) {
        constexpr char kDirectory = '5';
        if (entry->type == kDirectory) continue;
        if (!names.insert(entry->name).second) fail_no_image(file, entry->name + " is in it twice");
        if (names.size() > kMostEntries) fail_no_image(file, "it has too many entries");
        const auto named = named_by_digest(entry->name, file);
        if (!named) continue;
        if (!entry->regular()) fail_no_image(file, entry->name + " is no regular file in it");
        const std::string found = digits_of_content(archive, named->kind);
        if (found == named->digits) continue;
        std::string message = file;
        message += " is damaged, or somebody changed it: the digest of " + entry->name + " is ";
        message += named->prefix + found + ", and not " + named->prefix + named->digits;
        fail("bad_image", message,
             "save or fetch the image again; from elsewhere, compare it with what was published");
    }
    archive.expect_end();
    for (const std::string& name : image.files) {
        if (!names.contains(name))
            fail_no_image(file, "it lacks " + (name.empty() ? "a layer's digest" : name));
    }
}

void copy_with(const std::string& file, const std::string& name, std::string_view content,
               const std::string& target) {
    ArchiveReader archive(file);
    const host_bottle::UniqueFd output(
        open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!output) host_bottle::fail_errno(target);
    archive.on_bytes = [&](std::string_view bytes) {
        host_bottle::write_all(output.get(), bytes, target);
    };
    while (archive.next())
        continue;
    backend_docker::Tar rest;
    rest.add_file(name, 0644, content);
    host_bottle::write_all(output.get(), rest.take(), target);
}

}  // namespace backend_smolmachines
