// See leaf_store.h.
#include "tls/leaf_store.h"

namespace botbottle::tls {

namespace {
constexpr std::time_t kRenewAfter = 99L * 24 * 60 * 60;  // half of a leaf's life

CertificatePtr share(const CertificatePtr& certificate) {
    X509_up_ref(certificate.get());
    return CertificatePtr(certificate.get());
}
}  // namespace

Result<std::unique_ptr<LeafStore>> LeafStore::create(CertificateAuthority authority,
                                                     std::size_t capacity) {
    auto key = make_key();
    if (!key) return tl::make_unexpected(key.error());
    return std::unique_ptr<LeafStore>(
        new LeafStore(std::move(authority), std::move(*key), capacity));
}

Result<CertificatePtr> LeafStore::leaf_for(const LeafName& name) {
    const std::lock_guard lock(mutex_);
    const std::time_t now = std::time(nullptr);
    auto found = entries_.find(name);
    if (found != entries_.end() && now < found->second.mint_again_at) {
        ages_.splice(ages_.begin(), ages_, found->second.age);
        return share(found->second.leaf);
    }
    auto leaf = authority_.mint(name, key_.get());
    if (!leaf) return tl::make_unexpected(leaf.error());
    if (found != entries_.end()) {
        ages_.splice(ages_.begin(), ages_, found->second.age);
        found->second.leaf = std::move(*leaf);
        found->second.mint_again_at = now + kRenewAfter;
        return share(found->second.leaf);
    }
    if (entries_.size() >= capacity_) {
        entries_.erase(entries_.find(*ages_.back()));
        ages_.pop_back();
    }
    auto added = entries_.emplace(name, Entry{std::move(*leaf), now + kRenewAfter, {}}).first;
    ages_.push_front(&added->first);
    added->second.age = ages_.begin();
    return share(added->second.leaf);
}

}  // namespace botbottle::tls
