#include "platform.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host-bottle/process.h"

namespace backend_smolmachines {
namespace {

constexpr std::string_view kLinuxExact[] = {"/", "/var"};
constexpr std::string_view kLinuxTrees[] = {"/var/run", "/var/log", "/etc",  "/boot",
                                            "/usr",     "/bin",     "/sbin", "/lib",
                                            "/proc",    "/sys",     "/dev",  "/run"};
constexpr std::string_view kMacosExact[] = {"/", "/private/var"};
constexpr std::string_view kMacosTrees[] = {"/private/etc",
                                            "/etc",
                                            "/usr",
                                            "/bin",
                                            "/sbin",
                                            "/lib",
                                            "/System",
                                            "/Library",
                                            "/dev",
                                            "/private/var/run",
                                            "/private/var/log"};

bool lies_in(std::string_view path, std::string_view tree) {
    return path == tree || (path.starts_with(tree) && path[tree.size()] == '/');
}

template <typename Exact, typename Trees>
bool matches(std::string_view path, const Exact& exact, const Trees& trees) {
    for (const std::string_view one : exact) {
        if (path == one) return true;
    }
    for (const std::string_view tree : trees) {
        if (lies_in(path, tree)) return true;
    }
    return false;
}

}  // namespace

bool is_protected(Platform platform, std::string_view path) {
    return platform == Platform::linux ? matches(path, kLinuxExact, kLinuxTrees)
                                       : matches(path, kMacosExact, kMacosTrees);
}

std::size_t longest_socket_path(Platform platform) {
    return platform == Platform::linux ? 107 : 103;
}

std::string agent_socket(Platform, const std::string& home, const std::string& cache_home) {
    const std::string cache = cache_home.empty() ? home + "/.cache" : cache_home;
    return cache + "/smolvm/vms/0123456789abcdef/agent.sock";
}

HypervisorCheck judge_kvm(int error) {
    switch (error) {
        case 0:
            return {true, "/dev/kvm can be used", ""};
        case ENOENT:
        case ENODEV:
        case ENXIO:
            return {false, "there is no /dev/kvm",
                    "load the kvm module, or turn virtualisation on in the firmware; inside a "
                    "virtual machine its "
                    "host must allow nested virtualisation"};
        case EACCES:
        case EPERM:
            return {false, "this user may not use /dev/kvm",
                    "sudo usermod -aG kvm $USER, then log in again"};
        default:
            return {false, std::string("/dev/kvm: ") + std::strerror(error), ""};
    }
}

HypervisorCheck judge_hv_support(int exit_code, std::string_view output) {
    if (exit_code == 0 && output.starts_with('1'))
        return {true, "the system's hypervisor can be used", ""};
    return {false, "this Mac has no hypervisor support (kern.hv_support)",
            "smolvm needs Apple silicon, or an Intel processor with virtualisation"};
}

HypervisorCheck check_hypervisor(Platform platform) {
    if (platform == Platform::linux) {
        const host_bottle::UniqueFd kvm(open("/dev/kvm", O_RDWR | O_CLOEXEC));
        return judge_kvm(kvm ? 0 : errno);
    }
    host_bottle::Program program;
    program.argv = {"/usr/sbin/sysctl", "-n", "kern.hv_support"};
    const host_bottle::ProgramResult ran = host_bottle::run_program(program);
    return judge_hv_support(ran.exit_code, ran.output);
}

}  // namespace backend_smolmachines
