// A tar archive in memory (POSIX.1-2001 pax interchange format), the same for the same content:
// entries carry no time, and no owner but one that is asked for.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace backend_docker {

class Tar {
  public:
    // `path` relative, with "/" between its parts.
    void add_directory(const std::string& path, unsigned mode);
    void add_file(const std::string& path, unsigned mode, std::string_view content);
    void add_link(const std::string& path, const std::string& target);
    // The same as add_file, for what is too large to hold: exactly `size` bytes between the two.
    void begin_file(const std::string& path, unsigned mode, std::size_t size);
    void add_piece(std::string_view content) { bytes_.append(content); }
    void end_file();

    // Of the entries that follow; root's to begin with.
    void set_owner(unsigned uid, unsigned gid) {
        uid_ = uid;
        gid_ = gid;
    }

    // Seconds since 1970, of the entries that follow; 0 to begin with.
    void set_time(std::size_t seconds) { time_ = seconds; }

    std::size_t size() const { return bytes_.size(); }
    // What there is so far; more may follow.
    std::string take_piece() { return std::exchange(bytes_, {}); }
    // With the end mark; nothing can be added after it.
    std::string take();

  private:
    void add_header(const std::string& path, char type, unsigned mode, std::size_t size,
                    const std::string& target);
    void add_data(std::string_view content);

    std::string bytes_;
    unsigned uid_ = 0;
    unsigned gid_ = 0;
    std::size_t file_size_ = 0;
    std::size_t time_ = 0;
};

}  // namespace backend_docker
