// The order matters: the bounding set needs CAP_SETPCAP, the groups need CAP_SETGID, and changing
// the uid takes all of them away and makes the process dumpable by the system's default again.
#include "relay/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace botbottle::relay {
namespace {

tl::unexpected<Error> refused(const char* what) {
    return failure("privileges", std::string(what) + ": " + std::strerror(errno));
}

Result<void> empty_bounding_set() {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
        if (prctl(PR_CAPBSET_DROP, capability) != 0) return refused("PR_CAPBSET_DROP");
    }
    return {};
}

Result<void> become(Identity identity) {
    if (identity.uid == 0 || identity.gid == 0) {
        return failure("privileges", "a bottle does not run as root");
    }
    if (auto emptied = empty_bounding_set(); !emptied) return emptied;
    if (setgroups(0, nullptr) != 0) return refused("setgroups");
    if (setresgid(identity.gid, identity.gid, identity.gid) != 0) return refused("setresgid");
    if (setresuid(identity.uid, identity.uid, identity.uid) != 0) return refused("setresuid");
    return {};
}

Result<void> clear_capabilities() {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
        return refused("PR_CAP_AMBIENT_CLEAR_ALL");
    }
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    if (syscall(SYS_capset, &header, none) != 0) return refused("capset");
    return {};
}

}  // namespace

Result<void> give_up_privileges(std::optional<Identity> identity) {
    if (identity) {
        if (auto became = become(*identity); !became) return became;
    }
    if (auto cleared = clear_capabilities(); !cleared) return cleared;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("PR_SET_NO_NEW_PRIVS");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return refused("PR_SET_DUMPABLE");
    if (geteuid() == 0) return failure("privileges", "a bottle does not run as root");
    return {};
}

Result<void> limit_processes(unsigned long count) {
    if (count == 0) return {};
    const rlimit limit = {count, count};
    if (setrlimit(RLIMIT_NPROC, &limit) != 0) return refused("RLIMIT_NPROC");
    return {};
}

}  // namespace botbottle::relay
