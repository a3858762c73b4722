// An image in one file: what `docker save` and `podman save` write, or an OCI image layout in a tar
// (`skopeo copy … oci-archive:`, `buildah push`, `docker buildx build -o type=oci`).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace backend_smolmachines {

struct ArchiveImage {
    std::string id;    // a digest of its configuration or manifest, hex
    std::string user;  // that its programs run as; empty: root
    std::string path;  // $PATH of its environment
    std::string architecture;
    std::vector<std::string> files;  // of the archive that it is made of, besides the manifests
    // Of an OCI layout without docker's manifest.json: that file, to be added. Else empty.
    std::string manifest_to_add;
};

// Reads the tar, plain or gzipped. Throws for what is no image.
ArchiveImage read_archive(const std::string& file);

// That files whose names are digests hold what these say, that what the image is made of is there,
// and that no other reader can see another image in the file. Reads all of it; throws.
void check_archive(const std::string& file, const ArchiveImage& image);

// From an archive's small documents by their names, as far as read_archive is concerned with them.
ArchiveImage image_of_documents(const std::map<std::string, std::string>& documents,
                                const std::string& architecture);

// Copies an archive to `target`, not gzipped, with one more file in it.
void copy_with(const std::string& file, const std::string& name, std::string_view content,
               const std::string& target);

// "amd64", "arm64": of this build, by the image formats' names.
std::string this_architecture();

}  // namespace backend_smolmachines
