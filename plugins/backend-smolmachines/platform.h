// What differs between the systems that smolvm runs on. Every function takes the system as a value,
// so all of this is compiled and tested on either.
#pragma once

#include <string>
#include <string_view>

namespace backend_smolmachines {

enum class Platform { linux, macos };

#ifdef __APPLE__
constexpr Platform kPlatform = Platform::macos;
#else
constexpr Platform kPlatform = Platform::linux;
#endif

// Whether smolvm refuses to mount this directory of the host (an absolute, resolved path).
bool is_protected(Platform platform, std::string_view path);

// The longest path that a Unix socket can have, without the NUL.
std::size_t longest_socket_path(Platform platform);

// Where smolvm keeps a machine's socket, longest name first: it hangs at boot when this is too
// long.
std::string agent_socket(Platform platform, const std::string& home, const std::string& cache_home);

struct HypervisorCheck {
    bool ok = false;
    std::string message;
    std::string hint;
};

// Whether this machine may run virtual ones: /dev/kvm opened for reading and writing, or the
// system's own answer. That one boots is shown by `doctor --attack`.
HypervisorCheck check_hypervisor(Platform platform);

// Of macOS: what `sysctl -n kern.hv_support` printed.
HypervisorCheck judge_hv_support(int exit_code, std::string_view output);

// Of Linux: the errno of opening /dev/kvm, 0 for none.
HypervisorCheck judge_kvm(int error);

}  // namespace backend_smolmachines
