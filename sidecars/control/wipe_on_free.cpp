// Overwrites C++ memory as it is freed. JSON libraries, strings and coroutine frames copy what
// passes through them; instead of hunting each copy of a secret, no freed memory keeps what it
// held.
#include <malloc.h>
#include <string.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

void* allocate(std::size_t size) {
    void* const memory = std::malloc(std::max<std::size_t>(size, 1));
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void* allocate_aligned(std::size_t size, std::align_val_t alignment) {
    const auto boundary = static_cast<std::size_t>(alignment);
    const std::size_t blocks = std::max<std::size_t>((size + boundary - 1) / boundary, 1);
    void* const memory = std::aligned_alloc(boundary, blocks * boundary);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void wipe_and_free(void* memory) noexcept {
    if (memory == nullptr) return;
    explicit_bzero(memory, malloc_usable_size(memory));
    std::free(memory);
}

}  // namespace

// All forms, so that each pair is ours whatever the library's own forward to.
void* operator new(std::size_t size) {
    return allocate(size);
}
void* operator new[](std::size_t size) {
    return allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_aligned(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return allocate_aligned(size, alignment);
}
void operator delete(void* memory) noexcept {
    wipe_and_free(memory);
}
void operator delete[](void* memory) noexcept {
    wipe_and_free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    wipe_and_free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    wipe_and_free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    wipe_and_free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
    wipe_and_free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    wipe_and_free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
    wipe_and_free(memory);
}
