#include "handle.h"

#include <openssl/evp.h>

#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "host-bottle/fail.h"

namespace backend_smolmachines {
namespace {

std::string short_hash(const std::string& text, std::size_t digits) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum;
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), sum.data(), &size, EVP_sha256(), nullptr) != 1)
        fail("no_hash", "SHA-256 does not work");
    return hex_of({reinterpret_cast<const char*>(sum.data()), size}).substr(0, digits);
}

}  // namespace

std::string hex_of(std::string_view bytes) {
    std::string hex;
    for (const char byte : bytes) {
        hex += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
        hex += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
    }
    return hex;
}

Bottle smol_bottle(const Json& request) {
    Bottle bottle = bottle_of(request);
    bottle.place = bottle.state_dir + "/" + kPlace;
    bottle.client = kSessionProgram;
    return bottle;
}

std::string in_directory(const Bottle& bottle) {
    return bottle.place + "/in";
}

std::string out_directory(const Bottle& bottle) {
    return bottle.place + "/out";
}

Json to_json(const Handle& handle) {
    return {{"smolvm", handle.smolvm}, {"machine", handle.machine}, {"image", handle.image},
            {"user", handle.user},     {"uid", handle.owner.uid},   {"gid", handle.owner.gid},
            {"limits", handle.limits}};
}

Handle handle_of(const Json& request) {
    const Json& document = request.at("handle");
    Handle handle;
    handle.smolvm = absolute_path(document, "smolvm");
    document.at("machine").get_to(handle.machine);
    document.at("image").get_to(handle.image);
    document.at("user").get_to(handle.user);
    document.at("uid").get_to(handle.owner.uid);
    document.at("gid").get_to(handle.owner.gid);
    handle.limits = document.at("limits");
    return handle;
}

std::string home_label(const std::string& state_root) {
    return short_hash(state_root, 16);
}

std::string machine_name(const std::string& identity, const std::string& home) {
    std::string plain = "botbottle-";
    for (const char c : identity) {
        const bool kept = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
        if (kept)
            plain += c;
        else if (!plain.ends_with('-'))
            plain += '-';
    }
    if (!plain.ends_with('-')) plain += '-';
    return plain + short_hash(home + "/" + identity, 8);
}

}  // namespace backend_smolmachines
