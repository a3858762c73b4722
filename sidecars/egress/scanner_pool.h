// ScannerPool: streams of the scanner, lent and given back, so that a request pays neither for
// their memory nor for the engine's. One per worker; not thread-safe.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "egress/limits.h"
#include "scan/stream.h"

namespace botbottle::egress {

// What is looked for in this bottle's requests.
struct ScanTables {
    std::shared_ptr<const scan::Rules> kinds;
    std::shared_ptr<const scan::OwnValues> own;
};

class ScannerPool {
  public:
    using StreamPtr = std::unique_ptr<scan::Stream>;

    StreamPtr take(const ScanTables& tables) {
        while (!spare_.empty()) {
            StreamPtr stream = std::move(spare_.back());
            spare_.pop_back();
            // Secrets were renewed since, and it would look for the old ones.
            if (stream->rules() == tables.kinds && stream->own() == tables.own) return stream;
        }
        return std::make_unique<scan::Stream>(tables.kinds, tables.own);
    }
    void give_back(StreamPtr stream) {
        if (!stream || spare_.size() == kSpareScanners) return;
        stream->reset();
        spare_.push_back(std::move(stream));
    }

  private:
    std::vector<StreamPtr> spare_;
};

// A stream for as long as a text lasts.
class LentScanner {
  public:
    LentScanner(ScannerPool& pool, const ScanTables& tables)
        : pool_(pool), stream_(pool.take(tables)) {}
    LentScanner(const LentScanner&) = delete;
    LentScanner& operator=(const LentScanner&) = delete;
    ~LentScanner() { pool_.give_back(std::move(stream_)); }

    scan::Stream* operator->() const noexcept { return stream_.get(); }
    scan::Stream& operator*() const noexcept { return *stream_; }

  private:
    ScannerPool& pool_;
    ScannerPool::StreamPtr stream_;
};

}  // namespace botbottle::egress
