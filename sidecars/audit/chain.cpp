// See chain.h.
#include "audit/chain.h"

#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

namespace botbottle::audit {

namespace {

// The whole file, mapped: only the pages at its end are ever touched.
class Mapping {
  public:
    Mapping(int fd, std::size_t size)
        : size_(size), data_(mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0)) {}
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (valid()) munmap(data_, size_);
    }
    bool valid() const { return data_ != MAP_FAILED; }
    std::string_view text() const { return {static_cast<const char*>(data_), size_}; }

  private:
    std::size_t size_;
    void* data_;
};

// The number of `line` if it is a whole line of that plane.
std::optional<std::uint64_t> sequence_of(std::string_view line, std::string_view plane) {
    const auto document = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
    if (!document.is_object()) return std::nullopt;
    const auto named = document.find("plane");
    const auto sequence = document.find("seq");
    if (named == document.end() || !named->is_string() ||
        named->get_ref<const std::string&>() != plane || sequence == document.end() ||
        !sequence->is_number_unsigned())
        return std::nullopt;
    return sequence->get<std::uint64_t>();
}

}  // namespace

void Chain::FreeContext::operator()(evp_md_ctx_st* context) const noexcept {
    EVP_MD_CTX_free(context);
}

void Chain::FreeDigest::operator()(evp_md_st* digest) const noexcept {
    EVP_MD_free(digest);
}

Chain::Chain() {
    std::copy(kGenesis.begin(), kGenesis.end(), previous_.begin());
}

void Chain::advance(std::string_view line) {
    resume(next_sequence(), line);
}

void Chain::resume(std::uint64_t sequence, std::string_view line) {
    static constexpr char kHex[] = "0123456789abcdef";
    if (!context_) {
        digest_.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
        context_.reset(EVP_MD_CTX_new());
    }
    std::array<unsigned char, 32> digest{};
    EVP_DigestInit_ex2(context_.get(), digest_.get(), nullptr);
    EVP_DigestUpdate(context_.get(), line.data(), line.size());
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    for (std::size_t i = 0; i < digest.size(); ++i) {
        previous_[2 * i] = kHex[digest[i] >> 4];
        previous_[2 * i + 1] = kHex[digest[i] & 15];
    }
    sequence_ = sequence;
}

Result<Tail> read_tail(int fd, std::string_view plane) {
    Tail tail;
    struct stat status {};
    if (fstat(fd, &status) != 0)
        return failure("audit_unreadable", std::generic_category().message(errno));
    if (!S_ISREG(status.st_mode) || status.st_size == 0) return tail;
    const Mapping file(fd, static_cast<std::size_t>(status.st_size));
    if (!file.valid())
        return failure(
            "audit_unreadable",
            "the audit file cannot be read back: " + std::generic_category().message(errno),
            "open it for reading and appending");
    std::string_view rest = file.text();
    tail.torn = rest.back() != '\n';
    rest = rest.substr(0, rest.rfind('\n') + 1);
    while (!rest.empty()) {
        rest.remove_suffix(1);
        const std::string_view line = rest.substr(rest.rfind('\n') + 1);
        if (const auto sequence = sequence_of(line, plane)) {
            tail.chain.resume(*sequence, line);
            break;
        }
        rest.remove_suffix(line.size());
    }
    return tail;
}

}  // namespace botbottle::audit
