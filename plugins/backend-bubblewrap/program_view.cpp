#include "program_view.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "host-bottle/fail.h"

namespace backend_bubblewrap {
namespace {

constexpr std::string_view kModules = "/node_modules/";

bool is_program_name(const std::string& name) {
    return !name.empty() && name.front() != '.' && name.size() <= 64 &&
           std::all_of(name.begin(), name.end(),
                       [](unsigned char c) { return c > ' ' && c != '/' && c < 0x7f; });
}

// The words after "#!", at most the kernel's 256 bytes; empty for anything that is not a script.
std::vector<std::string> shebang_of(const std::string& path) {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::array<char, 256> head;
    const ssize_t size = file ? read(file.get(), head.data(), head.size()) : -1;
    const std::string_view text(head.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    if (!text.starts_with("#!")) return {};
    std::istringstream line(std::string(text.substr(2, text.find('\n') - 2)));
    return {std::istream_iterator<std::string>(line), std::istream_iterator<std::string>()};
}

// The program that a script's first line names: the first word, or what env looks up on the PATH.
std::string interpreter_of(const std::vector<std::string>& shebang) {
    if (shebang.empty() || name_of(shebang.front()) != "env") {
        return shebang.empty() ? std::string() : shebang.front();
    }
    const auto is_option = [](const std::string& word) {
        return word.starts_with('-') || word.find('=') != std::string::npos;
    };
    const auto found = std::find_if_not(shebang.begin() + 1, shebang.end(), is_option);
    return found == shebang.end() ? std::string() : *found;
}

// The directory of the package that a program belongs to, empty outside of node_modules.
std::string package_of(const std::string& program) {
    const std::size_t modules = program.rfind(kModules);
    if (modules == std::string::npos) return {};
    const std::size_t shortest = modules + kModules.size() - 1;
    for (std::string directory = parent_of(program); directory.size() > shortest;
         directory = parent_of(directory)) {
        if (exists(directory + "/package.json")) return directory;
    }
    return {};
}

std::string modules_of(const std::string& program) {
    return program.substr(0, program.rfind(kModules) + kModules.size() - 1);
}

bool below_usr(const std::string& path) {
    const auto resolved = real_path(path);
    return resolved && lies_in(*resolved, "/usr");
}

// Where the bottle finds a name without our help; empty when it does not.
std::string system_program(const std::string& name, const std::vector<std::string>& system_path) {
    for (std::string path : system_path) {
        path.append("/").append(name);
        if (access(path.c_str(), X_OK) == 0 && below_usr(path)) return path;
    }
    return {};
}

// The node of a script's own installation: beside the link that was found on the PATH, or in the
// bin directory of the prefix whose lib/node_modules holds the script.
std::optional<std::string> node_of(const std::string& found, const std::string& program) {
    std::vector<std::string> candidates = {parent_of(found) + "/node"};
    if (program.find(kModules) != std::string::npos) {
        candidates.push_back(parent_of(parent_of(modules_of(program))) + "/bin/node");
    }
    for (const std::string& candidate : candidates) {
        if (access(candidate.c_str(), X_OK) == 0) return real_path(candidate);
    }
    return std::nullopt;
}

[[noreturn]] void fail_exposed(const std::string& source, const std::string& directory) {
    fail(
        "program_exposes_host",
        "the program lies so that the bottle would see " + source + ", which contains " + directory,
        "install it in a directory of its own");
}

class ViewBuilder {
  public:
    ViewBuilder(const std::string& name, const std::vector<std::string>& secluded)
        : root_(std::string(kGuestAgent) + "/" + name), name_(name), secluded_(secluded) {}

    // Shows `source`, a file or a directory that holds the program, and puts the program on the
    // PATH.
    void add(const std::string& source, const std::string& program) {
        const std::string guest = bind(source, root_ + "/" + name_of(source));
        link(guest + program.substr(source.size()), name_);
    }

    void add_node(const std::string& source) { link(bind(source, root_ + "/bin/node"), "node"); }

    // What lies below /usr is there; only its name may be missing on the PATH.
    void add_system_program(const std::string& program,
                            const std::vector<std::string>& system_path) {
        const std::string found = system_program(name_, system_path);
        if (found.empty() || real_path(found) != program) link(program, name_);
    }

    ProgramView take() { return std::move(view_); }

  private:
    std::string bind(const std::string& source, std::string guest) {
        for (const std::string& directory : secluded_) {
            if (lies_in(directory, source)) fail_exposed(source, directory);
        }
        view_.binds.emplace_back(source, guest);
        return guest;
    }

    void link(const std::string& target, const std::string& name) {
        view_.links.emplace_back(target, std::string(kGuestAgent) + "/bin/" + name);
    }

    std::string root_;
    std::string name_;
    const std::vector<std::string>& secluded_;
    ProgramView view_;
};

[[noreturn]] void fail_without_interpreter(const std::string& program,
                                           const std::string& interpreter) {
    fail("program_not_found",
         program + " is run by " + interpreter +
             ", which is neither below /usr nor part of its installation",
         "install the program's native build, or its interpreter below /usr");
}

}  // namespace

ProgramView view_program(const std::string& name, const std::string& path,
                         const Surroundings& surroundings) {
    if (!is_program_name(name)) fail_invalid("the program's name is not one");
    const auto program = real_path(path);
    struct stat status = {};
    if (!program || stat(program->c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
        access(program->c_str(), X_OK) != 0) {
        fail("program_not_found", path + " is not a program", "install " + name);
    }
    constexpr mode_t kOthersMayRun = S_IROTH | S_IXOTH;
    if (surroundings.other_user && (status.st_mode & kOthersMayRun) != kOthersMayRun) {
        fail("program_not_public",
             *program + " can be run by its owner only, and root's bottles do not run as root",
             "chmod -R go+rX its directory");
    }
    ViewBuilder view(name, surroundings.secluded);
    const std::string interpreter = interpreter_of(shebang_of(*program));
    if (interpreter == "node" && system_program("node", surroundings.system_path).empty()) {
        const auto node = node_of(path, *program);
        if (!node) fail_without_interpreter(*program, interpreter);
        view.add_node(*node);
    } else if (interpreter.starts_with('/') && !below_usr(interpreter)) {
        fail_without_interpreter(*program, interpreter);
    }
    if (lies_in(*program, "/usr")) {
        view.add_system_program(*program, surroundings.system_path);
        return view.take();
    }
    const std::string package = package_of(*program);
    if (package.empty()) {
        view.add(*program, *program);
    } else {
        view.add(interpreter.empty() ? package : modules_of(*program), *program);
    }
    return view.take();
}

}  // namespace backend_bubblewrap
