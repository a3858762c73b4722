// The leaves that this process has minted, by name: least recently used out first, one key for all.
#pragma once

#include <ctime>
#include <list>
#include <map>
#include <mutex>

#include "tls/authority.h"

namespace botbottle::tls {

// Thread-safe. Two callers that ask for the same new name at once get one leaf: minting happens
// under the lock, which costs the second caller 0.2 ms once per name.
class LeafStore {
  public:
    static constexpr std::size_t kCapacity = 1024;

    static Result<std::unique_ptr<LeafStore>> create(CertificateAuthority authority,
                                                     std::size_t capacity = kCapacity);

    // The caller must have asked the policy first: a name that no route admits gets no leaf.
    Result<CertificatePtr> leaf_for(const LeafName& name);

    EVP_PKEY* key() const noexcept { return key_.get(); }

  private:
    struct Entry {
        CertificatePtr leaf;
        std::time_t mint_again_at;
        std::list<const LeafName*>::iterator age;
    };

    LeafStore(CertificateAuthority authority, KeyPtr key, std::size_t capacity)
        : authority_(std::move(authority)), key_(std::move(key)), capacity_(capacity) {}

    const CertificateAuthority authority_;
    const KeyPtr key_;
    const std::size_t capacity_;
    std::mutex mutex_;
    std::map<LeafName, Entry> entries_;
    std::list<const LeafName*> ages_;  // most recently used first
};

}  // namespace botbottle::tls
