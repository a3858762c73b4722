// Secret: bytes that must not be shown. It cannot be formatted, compared with ==, or converted to a
// string by accident; it is moved, never copied, its memory is locked where the limit allows, kept
// out of core dumps, and wiped when it goes.
#pragma once

#include <cstddef>
#include <string_view>

namespace botbottle {

class Secret {
  public:
    Secret() noexcept = default;
    explicit Secret(std::string_view bytes);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }

    // The bytes, for the one place that uses them. The name is long so that it is found by a
    // search.
    std::string_view reveal() const noexcept { return {data_, size_}; }

    // A second owner of the same bytes, on purpose and by name.
    Secret duplicate() const { return Secret(reveal()); }

  private:
    void wipe() noexcept;

    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t mapped_ = 0;
};

// Overwrites memory that held a secret in a form that the compiler keeps.
void wipe_memory(void* memory, std::size_t size) noexcept;

// For a process that holds secrets: no core dump, not traceable, /proc/<pid>/{mem,environ} closed
// to other processes of the same user. Returns false when the kernel refused.
bool protect_process() noexcept;

}  // namespace botbottle
