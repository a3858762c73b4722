// Each secret has pages of its own: mlock and MADV_DONTDUMP work on pages, and unlocking a page
// that two secrets share would unlock both.
#include "base/secret.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <utility>

namespace botbottle {

Secret::Secret(std::string_view bytes) {
    if (bytes.empty()) return;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    mapped_ = (bytes.size() + page - 1) / page * page;
    void* memory =
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    // Both are hardening, not a promise: RLIMIT_MEMLOCK may be 0.
    (void)mlock(memory, mapped_);
    (void)madvise(memory, mapped_, MADV_DONTDUMP);
    data_ = static_cast<char*>(memory);
    size_ = bytes.size();
    std::memcpy(data_, bytes.data(), bytes.size());
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        mapped_ = std::exchange(other.mapped_, 0);
    }
    return *this;
}

Secret::~Secret() {
    wipe();
}

void Secret::wipe() noexcept {
    if (data_ == nullptr) return;
    wipe_memory(data_, size_);
    munmap(data_, mapped_);
    data_ = nullptr;
    size_ = mapped_ = 0;
}

void wipe_memory(void* memory, std::size_t size) noexcept {
    if (size != 0) explicit_bzero(memory, size);  // nothing may come with a null pointer
}

bool protect_process() noexcept {
    // 1 for the sake of what this process starts, which can be dumped again: a program in
    // core_pattern is given a dump whatever the limit, unless it is 1. A hard limit of 0 cannot be
    // raised.
    const struct rlimit least = {1, 1};
    const struct rlimit none = {0, 0};
    const bool no_core = setrlimit(RLIMIT_CORE, &least) == 0 || setrlimit(RLIMIT_CORE, &none) == 0;
    return prctl(PR_SET_DUMPABLE, 0) == 0 && no_core;
}

}  // namespace botbottle
