#include "tool_error.h"

#include <iterator>

namespace backend_smolmachines {
namespace {

constexpr std::size_t kLongest = 400;

struct Known {
    const char* words;  // in smolvm's message
    const char* code;
    const char* hint;
};

// The first that fits. Messages of facts/smolvm.md 1.2, 1.3 and 5.3.
constexpr Known kKnown[] = {
    {"kvm not available", "no_hypervisor",
     "load the kvm module, or turn virtualisation on in the firmware; inside a virtual machine its "
     "host must "
     "allow nested virtualisation"},
    {"kvm permission denied", "no_hypervisor",
     "let this user open /dev/kvm: sudo usermod -aG kvm $USER, then log in again"},
    {"vm not found", "no_machine",
     "the machine was removed behind botbottle's back; `botbottle resume` starts the bottle in a "
     "new one"},
    {"is not running", "not_running", "`botbottle resume` starts the bottle again with its files"},
    {"already exists or is being created", "name_taken",
     "`botbottle cleanup` removes machines that are left; `smolvm machine ls` shows them"},
    {"machine name ", "bad_machine_name", "report it: botbottle chose this name"},
    {"mount source not found", "mount_refused",
     "a directory of the bottle is gone: start it again"},
    {"source path on host must be a directory", "mount_refused",
     "report it: botbottle mounts directories only"},
    {"protected system path", "mount_refused",
     "smolvm mounts nothing below /usr, /etc, /run and the like: put BOT_BOTTLE_HOME somewhere "
     "else"},
    {"target path on guest", "mount_refused", "report it, with the output of `smolvm --version`"},
    {"duplicate mount target", "mount_refused", "report it, with the output of `smolvm --version`"},
    {"invalid mount path", "mount_refused", "the path of BOT_BOTTLE_HOME may hold no ':'"},
    {"mount operation failed", "mount_refused", "see the reason that smolvm gives"},
    {"mount-socket", "socket_refused",
     "see the reason that smolvm gives; set XDG_RUNTIME_DIR to a short path"},
    {"publish-socket", "socket_refused",
     "see the reason that smolvm gives; set XDG_RUNTIME_DIR to a short path"},
    {"validate ports", "ports_refused", "report it: botbottle maps no ports"},
    {"is already in use by running machine", "ports_refused", "report it: botbottle maps no ports"},
    {"--allow-host", "network_refused", "report it: a bottle's machine has no network"},
    {"docker save", "bad_image",
     "give an archive: docker save -o agent.tar IMAGE, and "
     "BOTBOTTLE_MACHINE_IMAGE=/path/agent.tar"},
    {"init: init[", "init_failed", "report it: botbottle gives a machine no init commands"},
    {"did not become ready within", "machine_not_ready",
     "the machine did not boot in time: is the host short of memory, or its home's path very long? "
     "`smolvm machine "
     "data-dir -n NAME` has its console log"},
    {"connection to VM lost", "machine_lost",
     "the machine ended under the command; `botbottle resume` starts the bottle again with its "
     "files"},
    {"connection reset", "machine_lost",
     "`botbottle resume` starts the bottle again with its files"},
    {"command timed out after", "timeout", ""},
    {"env_unset", "secret_refused", "report it: botbottle gives a machine no secrets"},
    {"file_read_failed", "secret_refused", "report it: botbottle gives a machine no secrets"},
    {"file_too_large", "secret_refused", "report it: botbottle gives a machine no secrets"},
    {"secret-env", "secret_refused", "report it: botbottle gives a machine no secrets"},
    {"failed to spawn command", "command_not_found", ""},
    {"read local file", "copy_failed", "see the reason that smolvm gives"},
    {"cp:", "copy_failed", "see the reason that smolvm gives"},
    {"invalid vm state", "wrong_state",
     "`smolvm machine status -n NAME` says what it does; try again"},
    {"storage operation failed", "no_space",
     "is the disk of smolvm's directory (~/.cache/smolvm) full?"},
    {"No space left on device", "no_space",
     "is the disk of smolvm's directory (~/.cache/smolvm) full?"},
    {"database operation failed", "smolvm_database",
     "smolvm cannot use its database in ~/.local/share/smolvm: is it another user's, or does "
     "another smolvm hold it?"},
    {"io operation failed", "smolvm_io", "see the reason that smolvm gives"},
    {"too old", "smolvm_too_old", "update smolvm"},
    {"pull", "bad_image",
     "a bottle's machine has no network to pull an image with: give an archive in "
     "BOTBOTTLE_MACHINE_IMAGE"},
    {"config operation failed", "smolvm_refused", "see the reason that smolvm gives"},
    {"agent operation failed", "machine_failed",
     "`smolvm machine data-dir -n NAME` has the machine's console log"},
};

bool begins_line(std::string_view text, std::size_t at) {
    return at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r';
}

std::string last_line(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
        text.remove_suffix(1);
    const std::size_t start = text.rfind('\n');
    return std::string(start == std::string_view::npos ? text : text.substr(start + 1));
}

// One line, no control characters: a message goes to terminals.
std::string shown(std::string_view text) {
    std::string line;
    for (const char c : text.substr(0, kLongest))
        line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    while (line.ends_with(' '))
        line.pop_back();
    return line;
}

}  // namespace

std::string error_line(std::string_view errors) {
    for (const std::string_view mark : {"Error: ", "error: "}) {
        for (std::size_t at = errors.rfind(mark); at != std::string_view::npos;
             at = at == 0 ? std::string_view::npos : errors.rfind(mark, at - 1)) {
            if (!begins_line(errors, at)) continue;
            std::string_view rest = errors.substr(at + mark.size());
            // Its parser's messages go on with the usage after an empty line.
            if (const std::size_t usage = rest.find("\n\nUsage"); usage != std::string_view::npos)
                rest = rest.substr(0, usage);
            return shown(rest);
        }
    }
    return {};
}

ToolError explain(std::string_view step, int exit_code, std::string_view errors) {
    const std::string said = error_line(errors);
    const std::string prefix = "smolvm could not " + std::string(step);
    constexpr int kUsage = 2;
    if (exit_code == kUsage) {
        return {"smolvm_incompatible",
                prefix + ": it does not know what it was asked for: " +
                    (said.empty() ? shown(last_line(errors)) : said),
                "this smolvm speaks another command line than botbottle: update both, and see "
                "`botbottle "
                "doctor --backend smolmachines`"};
    }
    const std::string message = prefix + ": " + said;
    for (const Known& known : kKnown) {
        if (said.find(known.words) != std::string::npos) return {known.code, message, known.hint};
    }
    if (!said.empty()) return {"smolvm_failed", message, "see the reason that smolvm gives"};
    const std::string last = shown(last_line(errors));
    return {"smolvm_failed",
            prefix + ": it ended with " + std::to_string(exit_code) +
                (last.empty() ? " and without a word" : ": " + last),
            "try the same with RUST_LOG=debug: smolvm machine ls"};
}

bool says_not_found(std::string_view errors) {
    const std::string said = error_line(errors);
    return said.starts_with("vm not found") ||
           (said.starts_with("config operation failed: machine status:") &&
            said.ends_with("not found"));
}

bool says_exists(std::string_view errors) {
    return error_line(errors).find("already exists or is being created") != std::string::npos;
}

}  // namespace backend_smolmachines
