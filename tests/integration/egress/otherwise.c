// Preloaded into an egress under test: a machine that is otherwise than the one that we have, since
// nothing on it can be made to be so. OTHERWISE says what:
//
//   peer    a connection's other end is another one than was asked for
//   engine  the engine that searches text fails
//   clock   it is as many seconds later as the file OTHERWISE_AHEAD says, a long long that may
//   change
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static volatile const long long* ahead;

static int is(const char* what) {
    const char* said = getenv("OTHERWISE");
    return said != NULL && strcmp(said, what) == 0;
}

__attribute__((constructor)) static void look_ahead(void) {
    const char* path = getenv("OTHERWISE_AHEAD");
    const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void* at = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    if (at != MAP_FAILED) ahead = at;
    close(file);
}

int getpeername(int fd, struct sockaddr* address, socklen_t* size) {
    static int (*real)(int, struct sockaddr*, socklen_t*);
    if (real == NULL)
        real = (int (*)(int, struct sockaddr*, socklen_t*))dlsym(RTLD_NEXT, "getpeername");
    const int got = real(fd, address, size);
    if (got == 0 && address->sa_family == AF_INET && is("peer"))
        ((struct sockaddr_in*)address)->sin_addr.s_addr = htonl(0x0a000001);
    return got;
}

// hs_scan: any result but 0 is a failure.
int hs_scan(const void* database, const char* text, unsigned length, unsigned flags, void* scratch,
            void* on_match, void* context) {
    typedef int (*Scan)(const void*, const char*, unsigned, unsigned, void*, void*, void*);
    static Scan real;
    if (real == NULL) real = (Scan)dlsym(RTLD_NEXT, "hs_scan");
    return is("engine") ? -2 : real(database, text, length, flags, scratch, on_match, context);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
    static int (*real)(clockid_t, struct timespec*);
    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
    const int got = real(clock, time);
    if (got == 0 && clock == CLOCK_MONOTONIC && ahead != NULL) time->tv_sec += *ahead;
    return got;
}
