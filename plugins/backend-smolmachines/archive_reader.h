// A tar archive, plain or gzipped, entry by entry. Other programs read the same file with readers
// of their own, so what they could see in another way (a wrong checksum, two ways to say a name,
// something behind the end) is no archive here.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace backend_smolmachines {

struct ArchiveEntry {
    std::string name;  // without "./", "//" and the like
    std::uint64_t size = 0;
    char type = '0';

    bool regular() const { return type == '0' || type == '\0' || type == '7'; }
};

[[noreturn]] void fail_no_image(const std::string& file, const std::string& why);

class ArchiveReader {
  public:
    explicit ArchiveReader(const std::string& file);
    ArchiveReader(const ArchiveReader&) = delete;
    ArchiveReader& operator=(const ArchiveReader&) = delete;
    ~ArchiveReader();

    // Gets everything before the end mark as it is read. To be set before the first `next`.
    std::function<void(std::string_view)> on_bytes;

    // Skips what was not read of the entry before. All throw for what is no archive.
    std::optional<ArchiveEntry> next();
    // The entry's content, piece by piece; empty when it has no more.
    std::string_view piece();
    // After the last entry: that nothing follows.
    void expect_end();

  private:
    bool read(char* into, std::size_t size);
    void skip_content();
    std::string collect();
    ArchiveEntry entry_of(std::string_view block);
    void take_records(std::string_view records);

    std::string name_;
    gzFile file_;
    std::string buffer_;
    std::uint64_t left_ = 0;                   // of the entry's content
    std::uint64_t padding_ = 0;                // behind it
    std::map<std::string, std::string> told_;  // about the next entry, by an entry before it
};

}  // namespace backend_smolmachines
