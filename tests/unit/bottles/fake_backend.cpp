// A backend that isolates nothing: it writes down what it is asked, fails where it is told to, and
// its "bottle" is a process that sleeps. FAKE_BACKEND_LOG names the file, FAKE_BACKEND_FAIL the
// operation; "interrupt:<operation>" sends this process a SIGINT in the middle of it. With
// FAKE_BACKEND_LIES it says that it stopped what it did not stop. Its workspace is none of the
// host's; what comes out of it is what the directory FAKE_BACKEND_INSIDE holds.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <botbottle/plugin.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace {

using botbottle::plugin::OperationError;
using Json = nlohmann::json;

constexpr const char kDescriptorText[] = R"({
    "schema": "botbottle.plugin/1", "id": "fake", "kind": "backend", "version": "1.0.0",
    "summary": "isolates nothing", "extensions": ["botbottle.backend/1"], "host_env": [], "settings": {}})";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

long long start_time_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string word;
    for (int i = 1; i < 22; ++i)
        file >> word;
    long long time = 0;
    file >> time;
    return time;
}

class FakeBackend {
  public:
    static constexpr const char* kDescriptor = kDescriptorText;
    explicit FakeBackend(botbottle::plugin::Host host) : host_(host) {}

    std::string probe(std::string_view) {
        note("probe");
        return R"({"usable": true, "version": "1", "checks": [], "limits": {}})";
    }
    std::string prepare(std::string_view) {
        note("prepare");
        return R"({"handle": {"made": 1}, "guest": {"home": "/home/agent", "workspace": "/workspace",
                   "user": "agent", "uid": 1000, "gid": 1000, "path": "/usr/bin"}, "warnings": ["mind the gap"]})";
    }
    std::string launch(std::string_view) {
        note("launch");
        bottle_ = fork();
        if (bottle_ == 0) {
            signal(SIGINT, SIG_DFL);
            execl("/bin/sleep", "sleep", "600", nullptr);
            _exit(127);
        }
        return Json{
            {"handle", {{"made", 2}}}, {"pid", bottle_}, {"start_time", start_time_of(bottle_)}}
            .dump();
    }
    std::string exec(std::string_view) {
        note("exec");
        return R"({"exit_code": 0, "signal": null, "stdout": "", "stderr": ""})";
    }
    std::string attach(std::string_view) {
        note("attach");
        return R"({"argv": ["/bin/true"]})";
    }
    std::string copy_in(std::string_view request) {
        note("copy_in");
        const Json parsed = Json::parse(request);
        for (const auto& entry : parsed.at("entries"))
            note("  " + entry.at("path").get<std::string>());
        return "{}";
    }
    std::string copy_out(std::string_view request) {
        note("copy_out");
        const Json parsed = Json::parse(request);
        const auto destination = parsed.at("destination").get<std::string>();
        const std::string inside = variable("FAKE_BACKEND_INSIDE");
        std::filesystem::create_directory(destination);
        if (!inside.empty())
            std::filesystem::copy(inside, destination, std::filesystem::copy_options::recursive);
        return "{}";
    }
    std::string stop(std::string_view request) {
        note("stop " + Json::parse(request).at("handle").dump());
        const bool lies = !variable("FAKE_BACKEND_LIES").empty();
        if (bottle_ > 0 && !lies) {
            kill(bottle_, SIGKILL);
            waitpid(bottle_, nullptr, 0);
        }
        if (!lies) bottle_ = 0;
        return R"({"stopped": true})";
    }
    std::string list(std::string_view) { return R"({"bottles": []})"; }
    std::string leftovers(std::string_view) { return R"({"items": []})"; }
    std::string remove(std::string_view) {
        note("remove");
        return R"({"removed": []})";
    }

  private:
    void note(const std::string& what) {
        std::ofstream(variable("FAKE_BACKEND_LOG"), std::ios::app) << what << "\n";
        const std::string operation = what.substr(0, what.find(' '));
        if (is_wanted("interrupt:" + operation)) {
            raise(SIGINT);
            host_.throw_if_cancelled();
        }
        if (is_wanted(operation))
            throw OperationError(BOTBOTTLE_FAILED, "fake_failure",
                                 "it was told to fail " + operation, "do not");
    }

    static bool is_wanted(const std::string& what) {
        std::istringstream words(variable("FAKE_BACKEND_FAIL"));
        for (std::string word; words >> word;) {
            if (word == what) return true;
        }
        return false;
    }

    botbottle::plugin::Host host_;
    pid_t bottle_ = 0;
};

}  // namespace

BOTBOTTLE_PLUGIN(FakeBackend)
