// See work.h. Qt's strings come from malloc, yaml-cpp's from operator new, which calls malloc: so
// malloc is what is counted. The sanitizers have a malloc of their own, and a hook for it.
#include "work.h"

#include <cstdlib>

namespace botbottle::test {
namespace {

thread_local Work work;

}  // namespace

Work work_so_far() {
    return work;
}

}  // namespace botbottle::test

namespace {

void count(std::size_t size) {
    ++botbottle::test::work.allocations;
    botbottle::test::work.bytes += size;
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// Visible, because the sanitizer's library looks for it from outside the program.
extern "C" __attribute__((visibility("default"))) void __sanitizer_malloc_hook(const volatile void*,
                                                                               std::size_t size) {
    count(size);
}

#else

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);

void* malloc(std::size_t size) noexcept {
    count(size);
    return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) noexcept {
    count(number * size);
    return __libc_calloc(number, size);
}

void* realloc(void* old, std::size_t size) noexcept {
    count(size);
    return __libc_realloc(old, size);
}
}

#endif
