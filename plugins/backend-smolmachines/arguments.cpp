#include "arguments.h"

namespace backend_smolmachines {
namespace {

void add(Words& words, std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
}

void add_mount(Words& words, const std::string& source, const char* target, bool read_only) {
    add(words, {"-v", source + ":" + target + (read_only ? ":ro" : "")});
}

Words machine_words(const char* command, const std::string& machine) {
    return {"machine", command, "--name", machine};
}

}  // namespace

Words create_words(const MachinePlan& plan) {
    const Bottle& bottle = plan.bottle;
    const Limits limits = limits_from(plan.handle.limits);
    Words words = machine_words("create", plan.handle.machine);
    add(words, {"--label", std::string(kOwnerLabel) + "=" + kOwner});
    add(words, {"--label", std::string(kBottleLabel) + "=" + bottle.identity});
    add(words,
        {"--label", std::string(kHomeLabel) + "=" + home_label(parent_of(bottle.state_dir))});
    add(words, {"--image", plan.handle.image});
    if (limits.cpus > 0) add(words, {"--cpus", std::to_string(limits.cpus)});
    if (limits.memory_mib > 0) add(words, {"--mem", std::to_string(limits.memory_mib)});
    if (limits.storage_gib > 0) add(words, {"--storage", std::to_string(limits.storage_gib)});
    add_mount(words, in_directory(bottle), kMachineIn, true);
    add_mount(words, bottle.etc(), kMachineEtc, true);
    add_mount(words, out_directory(bottle), kMachineOut, false);
    add_mount(words, bottle.home(), kMachineHome, false);
    add_mount(words, bottle.workspace(), kMachineWorkspace, false);
    // Their directory is in no mount: smolvm leaves placeholders where the sockets appear.
    for (const Forward& forward : plan.forwards) {
        add(words, {"--mount-socket", plan.sockets_dir + "/" + forward.socket + ":" +
                                          kMachineSockets + "/" + forward.socket});
    }
    add(words, {"-w", "/", "--", kMachineProgram, "hold"});
    return words;
}

Words start_words(const std::string& machine) {
    return machine_words("start", machine);
}

Words stop_words(const std::string& machine) {
    return machine_words("stop", machine);
}

// Without --force it would stop the machine and then ask.
Words delete_words(const std::string& machine) {
    Words words = machine_words("delete", machine);
    words.emplace_back("--force");
    return words;
}

Words status_words(const std::string& machine) {
    Words words = machine_words("status", machine);
    words.emplace_back("--json");
    return words;
}

Words exec_words(const std::string& machine, const std::string& user, Exec kind, unsigned timeout_s,
                 const Words& command) {
    Words words = machine_words("exec", machine);
    switch (kind) {
        case Exec::buffered:
            break;
        case Exec::detached:
            words.emplace_back("-d");
            break;
        case Exec::interactive:
            words.emplace_back("-i");
            break;
        case Exec::terminal:
            add(words, {"-i", "-t"});
            break;
    }
    if (timeout_s > 0) add(words, {"--timeout", std::to_string(timeout_s) + "s"});
    if (!user.empty()) add(words, {"--user", user});
    add(words, {"-w", "/", "--"});
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

Words enter_command(const MachinePlan& plan) {
    const Owner owner = plan.handle.owner;
    Words words = {
        kMachineProgram,           "enter",      "--uid",      std::to_string(owner.uid), "--gid",
        std::to_string(owner.gid), "--hostname", plan.hostname};
    if (const long pids = limits_from(plan.handle.limits).pids; pids > 0)
        add(words, {"--pids", std::to_string(pids)});
    for (const Forward& forward : plan.forwards)
        add(words, {"--forward", std::to_string(forward.port) + "=" + forward.socket});
    return words;
}

Words health_command(const Owner& owner, long timeout_ms) {
    return {kMachineProgram,           "health",       "--uid",
            std::to_string(owner.uid), "--timeout-ms", std::to_string(timeout_ms)};
}

}  // namespace backend_smolmachines
