// A tar archive in memory (POSIX.1-2001 pax interchange format), the same for the same content:
// entries carry no time and no owner.
#pragma once

#include <string>
#include <string_view>

namespace backend_docker {

class Tar {
  public:
    // `path` relative, with "/" between its parts.
    void add_directory(const std::string& path, unsigned mode);
    void add_file(const std::string& path, unsigned mode, std::string_view content);
    void add_link(const std::string& path, const std::string& target);

    std::size_t size() const { return bytes_.size(); }
    // With the end mark; nothing can be added after it.
    std::string take();

  private:
    void add_header(const std::string& path, char type, unsigned mode, std::size_t size,
                    const std::string& target);
    void add_data(std::string_view content);

    std::string bytes_;
};

}  // namespace backend_docker
