// The least that is a backend. A bottle is a directory that is gone with it, and a network
// namespace in which socat plays the relay: without `host_paths`, so that core brings everything in
// and out. NOT A SANDBOX: what runs in it sees the host's files. It shows what core asks of a
// backend.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <botbottle/request.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using botbottle::plugin::member;
using botbottle::plugin::OperationError;
using botbottle::plugin::optional_text;
using botbottle::plugin::parse_request;
using botbottle::plugin::text_member;
using nlohmann::json;
namespace fs = std::filesystem;

extern char** environ;

namespace {

[[noreturn]] void fail(const std::string& message) {
    throw OperationError(BOTBOTTLE_FAILED, "bare_failed", message);
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Starts a program; descriptor 0 is /dev/null, 1 and 2 are files when they are named.
pid_t start(const std::vector<std::string>& words, const fs::path& out = "/dev/null",
            const fs::path& err = "/dev/null") {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    std::vector<char*> argv;
    for (const std::string& word : words)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) fail("cannot start " + words[0]);
    return pid;
}

int wait_for(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Field 22 of /proc/PID/stat, 0 when there is no such process.
long long start_time(long long pid) {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream fields(stat.substr(std::min(stat.size(), stat.rfind(')') + 2)));
    std::string field;
    for (int i = 3; i <= 22; ++i)
        fields >> field;
    return field.empty() ? 0 : std::stoll(field);
}

bool runs(const json& handle) {
    if (!handle.contains("pid")) return false;
    const std::string stat =
        read_file("/proc/" + std::to_string(handle["pid"].get<long long>()) + "/stat");
    const auto state = stat.rfind(')');
    return state != std::string::npos && stat[state + 2] != 'Z' &&
           start_time(handle["pid"].get<long long>()) == handle["start_time"].get<long long>();
}

// The network namespace of a process, by its name; empty when it cannot be told.
std::string network_of(const std::string& pid) {
    std::error_code error;
    return fs::read_symlink("/proc/" + pid + "/ns/net", error).string();
}

std::vector<pid_t> processes_in(const std::string& network) {
    std::vector<pid_t> pids;
    if (network.empty()) return pids;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") == std::string::npos &&
            network_of(name) == network)
            pids.push_back(static_cast<pid_t>(std::stol(name)));
    }
    return pids;
}

// The command that runs `argv` inside.
std::vector<std::string> inside(const json& request) {
    const json& handle = member(request, "handle");
    std::vector<std::string> words = {"/usr/bin/nsenter",
                                      "--preserve-credentials",
                                      "-U",
                                      "-n",
                                      "-t",
                                      std::to_string(handle.at("pid").get<long long>()),
                                      "--wd=" + text_member(request, "cwd"),
                                      "/usr/bin/env",
                                      "-i"};
    for (const auto& [name, value] : member(request, "env").items())
        words.push_back(name + '=' + value.get<std::string>());
    for (const json& word : member(request, "argv"))
        words.push_back(word.get<std::string>());
    return words;
}

}  // namespace

class Bare {
  public:
    static constexpr const char* kDescriptor = R"({
      "schema": "botbottle.plugin/1", "id": "bare", "kind": "backend", "version": "1.0",
      "summary": "No sandbox: an example of a backend", "extensions": ["botbottle.backend/1"],
      "host_env": [], "settings": {}
    })";

    explicit Bare(botbottle::plugin::Host host) : host_(host) {}

    std::string probe(std::string_view text) {
        (void)parse_request(text);
        return json{
            {"usable", true},
            {"version", "1.0"},
            {"checks", json::array()},
            {"limits", {{"cpus", false}, {"memory", false}, {"pids", false}, {"disk", false}}}}
            .dump();
    }

    std::string prepare(std::string_view text) {
        const json request = parse_request(text);
        const fs::path root = text_member(request, "runtime_dir") + "/bare";
        fs::create_directories(root / "home");
        fs::create_directories(root / "workspace");
        fs::create_directories(root / "bin");
        if (const json& command = member(request, "command"); command.is_object()) {
            const fs::path link = root / "bin" / text_member(command, "name");
            if (!fs::is_symlink(link)) fs::create_symlink(text_member(command, "path"), link);
        }
        const std::string at = root.string();
        return json{{"handle", {{"root", at}}},
                    {"guest",
                     {{"home", at + "/home"},
                      {"workspace", at + "/workspace"},
                      {"user", "agent"},
                      {"uid", getuid()},
                      {"gid", getgid()},
                      {"path", at + "/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"},
                      {"ca_certificate", at + "/ca.pem"},
                      {"ca_bundle", at + "/bundle.pem"}}},
                    {"warnings", {"backend bare is no sandbox"}}}
            .dump();
    }

    std::string launch(std::string_view text) {
        const json request = parse_request(text);
        json handle = member(request, "handle");
        const std::string sockets = text_member(request, "sockets_dir");
        std::string script = "ip link set lo up";
        for (const json& forward : member(request, "forwards"))
            script += " && { socat TCP-LISTEN:" + std::to_string(forward.at("port").get<int>()) +
                      ",bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:" + sockets + '/' +
                      forward.at("socket").get<std::string>() + " & }";
        script +=
            " && until ss -Hltn | grep -q 127.0.0.1; do sleep 0.02; done; "
            "trap 'kill $(jobs -p)' TERM; touch \"$1\"; wait";
        const fs::path ready = fs::path(text_member(handle, "root")) / "ready";
        const pid_t pid = start({"unshare", "--user", "--map-root-user", "--net", "sh", "-c",
                                 script, "sh", ready.string()});
        handle["pid"] = pid;
        handle["start_time"] = start_time(pid);
        while (!fs::exists(ready)) {
            host_.throw_if_cancelled();
            if (waitpid(pid, nullptr, WNOHANG) == pid) fail("the network namespace cannot be made");
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        handle["network"] = network_of(std::to_string(pid));
        return json{{"handle", handle}, {"pid", pid}, {"start_time", handle["start_time"]}}.dump();
    }

    std::string exec(std::string_view text) {
        const json request = parse_request(text);
        const fs::path root = text_member(member(request, "handle"), "root");
        const pid_t pid = start(inside(request), root / "out", root / "err");
        const int code = wait_for(pid);
        return json{{"exit_code", code},
                    {"signal", nullptr},
                    {"stdout", read_file(root / "out")},
                    {"stderr", read_file(root / "err")}}
            .dump();
    }

    std::string attach(std::string_view text) {
        return json{{"argv", inside(parse_request(text))}}.dump();
    }

    std::string copy_in(std::string_view text) {
        const json request = parse_request(text);
        for (const json& entry : member(request, "entries")) {
            const fs::path path = text_member(entry, "path");
            const std::string source = optional_text(entry, "source");
            fs::create_directories(path.parent_path());
            if (!source.empty()) {
                fs::copy(source, path,
                         fs::copy_options::recursive | fs::copy_options::copy_symlinks |
                             fs::copy_options::overwrite_existing);
            } else if (text_member(entry, "type") == "directory") {
                fs::create_directories(path);
            } else {
                std::ofstream(path) << text_member(entry, "content");
            }
            chmod(path.c_str(),
                  static_cast<mode_t>(std::stoul(text_member(entry, "mode"), nullptr, 8)));
        }
        return "{}";
    }

    std::string copy_out(std::string_view text) {
        const json request = parse_request(text);
        const fs::path path = text_member(request, "path");
        if (!fs::exists(path))
            throw OperationError(BOTBOTTLE_NOT_FOUND, "not_found", path.string() + " is not there");
        fs::copy(path, text_member(request, "destination"),
                 fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        return R"({"files": 0, "bytes": 0, "skipped": []})";
    }

    std::string stop(std::string_view text) {
        const json request = parse_request(text);
        const json& handle = member(request, "handle");
        const bool was_running = runs(handle);
        // Whatever was entered into it goes as well.
        for (const pid_t pid : processes_in(handle.value("network", "")))
            kill(pid, SIGKILL);
        if (was_running) {
            const auto pid = static_cast<pid_t>(handle["pid"].get<long long>());
            kill(-pid, SIGTERM);
            while (runs(handle)) {
                waitpid(pid, nullptr, WNOHANG);  // when it is our child
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
        }
        // Like a machine that is switched off: whatever was not brought out is gone.
        if (handle.contains("root")) fs::remove_all(text_member(handle, "root"));
        return json{{"stopped", was_running}}.dump();
    }

    // Core asks the kernel for a bottle whose pid it knows; sessions of this backend have no names.
    std::string list(std::string_view text) {
        (void)parse_request(text);
        return R"({"bottles": []})";
    }
    std::string leftovers(std::string_view text) {
        (void)parse_request(text);
        return R"({"items": []})";
    }
    std::string remove(std::string_view text) {
        (void)parse_request(text);
        return R"({"removed": []})";
    }

  private:
    botbottle::plugin::Host host_;
};

BOTBOTTLE_PLUGIN(Bare)
