// botbottle-demo-upstream: the Internet of `botbottle demo`. README.md describes the interface.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "demo/connection.h"

namespace botbottle::demo {
namespace {

int listen_on_loopback(int& port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(fd, 16) != 0 || getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return -1;
    port = ntohs(address.sin_port);
    return fd;
}

// Ends the whole program: connections hold nothing that must be tidied up.
void end_with_stdin() {
    char byte = 0;
    while (read(0, &byte, 1) > 0) {
    }
    _exit(0);
}

int run(const std::string& host, const std::string& ca_file) {
    std::signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto site = Site::create(host, ca_file);
    if (!site) {
        std::fprintf(stderr, "botbottle-demo-upstream: %s\n", site.error().message.c_str());
        return 1;
    }
    int port = 0;
    const int listener = listen_on_loopback(port);
    if (listener < 0) {
        std::perror("botbottle-demo-upstream: cannot listen");
        return 1;
    }
    std::printf("{\"port\": %d}\n", port);
    std::fflush(stdout);
    std::thread(end_with_stdin).detach();
    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) std::thread([fd, &site] { serve(fd, **site); }).detach();
    }
}

}  // namespace
}  // namespace botbottle::demo

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: botbottle-demo-upstream HOST CA-FILE\n", stderr);
        return 2;
    }
    return botbottle::demo::run(argv[1], argv[2]);
}
