#include "diagnosis.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "handle.h"
#include "host-bottle/unique_fd.h"

namespace backend_bubblewrap {
namespace {

// The value of a sysctl without its newline; empty when this kernel lacks it.
std::string sysctl(const char* path) {
    const UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
    std::array<char, 64> buffer;
    const ssize_t size = file ? read(file.get(), buffer.data(), buffer.size()) : 0;
    std::string value(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    value.erase(value.find_last_not_of('\n') + 1);
    return value;
}

struct Cause {
    const char* message;
    const char* hint;
};

// Why a namespace was refused, by the switches that are known to do it.
Cause why_no_namespace() {
    if (geteuid() == 0) {
        return {"root may not make namespaces here, as in a container without CAP_SYS_ADMIN",
                "start the container with --cap-add SYS_ADMIN --security-opt seccomp=unconfined "
                "--security-opt apparmor=unconfined, or run botbottle on the host"};
    }
    if (sysctl("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
        return {"this kernel gives user namespaces to root only",
                "sudo sysctl -w kernel.unprivileged_userns_clone=1"};
    }
    if (sysctl("/proc/sys/user/max_user_namespaces") == "0") {
        return {"the number of user namespaces is limited to none",
                "sudo sysctl -w user.max_user_namespaces=15000"};
    }
    if (sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
        return {
            "AppArmor gives user namespaces to programs with a profile only, and bwrap has none",
            "sudo apt install apparmor-profiles && sudo ln -s "
            "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && "
            "sudo systemctl reload apparmor"};
    }
    return {"the kernel, or the container that this runs in, refuses new namespaces",
            "in a container: --security-opt seccomp=unconfined --security-opt apparmor=unconfined, "
            "or run botbottle on the host"};
}

bool mentions(const std::string& text, const char* words) {
    return text.find(words) != std::string::npos;
}

Cause find_cause(const std::string& errors) {
    if (mentions(errors, "Unknown option")) {
        return {"this bwrap is too old", "install bubblewrap 0.8.0 or newer"};
    }
    if (mentions(errors, "close_range")) {
        return {"this kernel is too old", "run Linux 5.11 or newer"};
    }
    if (mentions(errors, "mount proc")) {
        return {"a /proc of its own is refused, as in a container whose /proc is partly hidden",
                "start the container with --security-opt systempaths=unconfined"};
    }
    if (mentions(errors, "namespace") || mentions(errors, "uid map") ||
        mentions(errors, "loopback") || mentions(errors, "pivot_root") ||
        mentions(errors, "Failed to make / slave")) {
        return why_no_namespace();
    }
    return {"bwrap could not make the bottle", ""};
}

}  // namespace

OperationError diagnose(const std::string& bwrap_errors) {
    const Cause cause = find_cause(bwrap_errors);
    std::string detail = bwrap_errors;
    detail.erase(detail.find_last_not_of("\n ") + 1);
    return {BOTBOTTLE_UNAVAILABLE, "cannot_isolate",
            std::string(cause.message) + " (" + (detail.empty() ? "no message" : detail) + ")",
            cause.hint};
}

}  // namespace backend_bubblewrap
