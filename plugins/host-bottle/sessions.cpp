#include "sessions.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "fail.h"
#include "files.h"
#include "process.h"

namespace host_bottle {
namespace {

using std::chrono::milliseconds;

// Numbers in the client that the host starts for `attach`.
constexpr int kRequestFd = 3;
constexpr int kResultFd = 4;
constexpr long kMaxGraceMs = 10 * 60 * 1000;
constexpr long kMaxTimeoutMs = 24L * 60 * 60 * 1000;
constexpr milliseconds kAnswerTimeout{5000};

void append_pair(std::string& document, const char* key, const std::string& value) {
    if (value.find('\0') != std::string::npos) fail_invalid(std::string(key) + " holds a NUL");
    document.append(key).push_back('\0');
    document.append(value).push_back('\0');
}

// The start request of docs/session-protocol.md.
std::string session_document(const Json& request) {
    std::string document;
    for (const Json& argument : request.at("argv")) {
        append_pair(document, "arg", argument.get<std::string>());
    }
    if (document.empty()) fail_invalid("argv is empty");
    for (const auto& [name, value] : request.at("env").items()) {
        if (name.empty() || name.find('=') != std::string::npos) {
            fail_invalid("an environment variable has no name");
        }
        append_pair(document, "env", name + "=" + value.get<std::string>());
    }
    append_pair(document, "cwd", request.value("cwd", std::string(kGuestWorkspace)));
    return document;
}

UniqueFd memory_file(const char* name, const std::string& content, bool sealed) {
    UniqueFd file(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) fail_errno("memfd_create");
    write_all(file.get(), content, name);
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (sealed && fcntl(file.get(), F_ADD_SEALS, seals) != 0) fail_errno("F_ADD_SEALS");
    return file;
}

Json parse_outcome(int file) {
    if (lseek(file, 0, SEEK_SET) != 0) fail_errno("the session's result");
    Json outcome = Json::parse(read_all(file, 4096, "the session's result"), nullptr, false);
    if (!outcome.is_object() || !outcome.contains("outcome")) {
        fail("session_lost", "botbottle-session ended without a result");
    }
    return outcome;
}

[[noreturn]] void fail_session(const Json& outcome) {
    const auto code = outcome.value("code", std::string("session_lost"));
    const bool missing = code == "command_not_found" || code == "not_running";
    throw OperationError(missing ? BOTBOTTLE_NOT_FOUND : BOTBOTTLE_FAILED, code,
                         outcome.value("message", std::string()));
}

long bounded(const Json& request, const char* key, long fallback, long most) {
    const auto value = request.value(key, fallback);
    if (value < 0 || value > most) fail_invalid(std::string(key) + " is out of range");
    return value;
}

}  // namespace

Json exec(const Bottle& bottle, const Json& request) {
    const UniqueFd document = memory_file("session-request", session_document(request), true);
    const UniqueFd result = memory_file("session-result", "", false);
    const auto input = request.value("stdin", std::string());
    Program program;
    program.argv = {
        bottle.session_client(),        "--socket",    bottle.session_socket(),     "--request-fd",
        std::to_string(document.get()), "--result-fd", std::to_string(result.get())};
    program.input = input;
    program.descriptors = {document.get(), result.get()};
    program.timeout = milliseconds(bounded(request, "timeout_ms", kMaxTimeoutMs, kMaxTimeoutMs));
    const ProgramResult ran = run_program(program);
    if (ran.timed_out) {
        fail("timeout",
             "the command did not end within " + std::to_string(program.timeout.count()) + " ms");
    }
    const Json outcome = parse_outcome(result.get());
    if (outcome.at("outcome") == "failed") fail_session(outcome);
    const bool exited = outcome.at("outcome") == "exited";
    Json reply = {{"exit_code",
                   exited ? outcome.at("code").get<int>() : 128 + outcome.at("signal").get<int>()},
                  {"signal", exited ? Json() : outcome.at("signal")},
                  {"stdout", ran.output},
                  {"stderr", ran.errors}};
    if (ran.truncated) reply["truncated"] = true;
    return reply;
}

Json attach(const Bottle& bottle, const Json& request, bool runs) {
    if (!runs) {
        throw OperationError(BOTBOTTLE_NOT_FOUND, "not_running",
                             "the bottle " + bottle.identity + " does not run");
    }
    if (!exists(bottle.session_socket())) {
        fail("out_of_reach",
             "the bottle " + bottle.identity + " runs, but " + bottle.runtime_dir +
                 ", where its sockets were, is gone",
             "a logout takes $XDG_RUNTIME_DIR away; all that can be done is to stop the bottle");
    }
    const Json name = request.value("session", Json());
    Json argv = {bottle.session_client(), "--socket", bottle.session_socket(), "--result-fd",
                 std::to_string(kResultFd)};
    Json inherit = Json::array();
    if (request.value("reattach", false)) {
        if (!name.is_string()) fail_invalid("reattach needs the name of a session");
        argv.insert(argv.end(), {"--attach", name});
    } else {
        std::string document = session_document(request);
        if (name.is_string()) append_pair(document, "session", name.get<std::string>());
        // The client puts the size of the terminal that it finds in its place.
        if (request.value("tty", false)) append_pair(document, "tty", "80x24");
        argv.insert(argv.end(), {"--request-fd", std::to_string(kRequestFd)});
        inherit.push_back({{"fd", kRequestFd}, {"content", document}});
    }
    return {{"argv", argv}, {"inherit", inherit}, {"result_fd", kResultFd}};
}

long grace_of(const Json& request) {
    return bounded(request, "grace_ms", 0, kMaxGraceMs);
}

bool end_sessions(const Bottle& bottle, const UniqueFd& relay, long grace) {
    Program shutdown;
    shutdown.argv = {bottle.session_client(), "--socket", bottle.session_socket(), "--shutdown",
                     std::to_string(grace)};
    shutdown.timeout = milliseconds(grace) + kAnswerTimeout;
    run_program(shutdown);
    // It has answered by ending, or it never will.
    return wait_ended(relay, milliseconds(0));
}

Json sessions_of(const Bottle& bottle) {
    Program program;
    program.argv = {bottle.session_client(), "--socket", bottle.session_socket(), "--list"};
    const ProgramResult ran = run_program(program);
    Json sessions = Json::parse(ran.output, nullptr, false);
    return ran.exit_code == 0 && sessions.is_array() ? sessions : Json::array();
}

}  // namespace host_bottle
