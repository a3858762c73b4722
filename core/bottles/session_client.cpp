#include "bottles/session_client.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <QJsonArray>
#include <cstdlib>

#include "files/system_error.h"

namespace botbottle {
namespace {

constexpr std::size_t kMostInherited = 8;

// What a session's client may see of this command's environment.
constexpr const char* kPassedOn[] = {
    "PATH", "HOME", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "XDG_RUNTIME_DIR", "DOCKER_HOST"};

// A document that nobody can change any more, and that is on no disk.
Result<UniqueFd> sealed_memory(const QByteArray& content) {
    UniqueFd fd(memfd_create("botbottle-session", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd || write(fd.get(), content.constData(), static_cast<std::size_t>(content.size())) !=
                   content.size())
        return files::system_failure("cannot_attach", "write", "the session's request");
    lseek(fd.get(), 0, SEEK_SET);
    fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    return fd;
}

Result<void> add_inherited(SessionClient& client, const QJsonArray& inherit) {
    if (static_cast<std::size_t>(inherit.size()) > kMostInherited)
        return failure("bad_reply", "the backend's attach reply has too many descriptors");
    for (const auto& value : inherit) {
        const QJsonObject object = value.toObject();
        const int number = object.value(QLatin1String("fd")).toInt(-1);
        if (number < 3 || number > 60)
            return failure("bad_reply", "the backend's attach reply has a descriptor out of range");
        auto memory = sealed_memory(object.value(QLatin1String("content")).toString().toUtf8());
        if (!memory) return tl::make_unexpected(memory.error());
        client.descriptors.push_back({memory->get(), number});
        client.owned.push_back(std::move(*memory));
    }
    return {};
}

Result<void> add_result_pipe(SessionClient& client, int number) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return files::system_failure("cannot_attach", "make", "a pipe");
    client.result.reset(ends[0]);
    client.owned.emplace_back(ends[1]);
    client.descriptors.push_back({ends[1], number});
    return {};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> pointed;
    pointed.reserve(texts.size() + 1);
    for (std::string& text : texts)
        pointed.push_back(text.data());
    pointed.push_back(nullptr);
    return pointed;
}

}  // namespace

Result<SessionClient> session_client(const QJsonObject& reply, int input, int output) {
    SessionClient client;
    for (const auto& argument : reply.value(QLatin1String("argv")).toArray())
        client.argv.push_back(argument.toString().toStdString());
    if (client.argv.empty()) return failure("bad_reply", "the backend's attach reply has no argv");
    for (const char* name : kPassedOn) {
        if (const char* value = std::getenv(name))
            client.environment.push_back(std::string(name) + "=" + value);
    }
    client.descriptors = {{input, 0}, {output, 1}, {output == 1 ? 2 : output, 2}};
    if (auto added = add_inherited(client, reply.value(QLatin1String("inherit")).toArray()); !added)
        return tl::make_unexpected(added.error());
    if (const int number = reply.value(QLatin1String("result_fd")).toInt(-1); number >= 3) {
        if (auto added = add_result_pipe(client, number); !added)
            return tl::make_unexpected(added.error());
    }
    return client;
}

pid_t start_session_client(SessionClient& client, bool own_terminal) {
    const auto argv = pointers(client.argv);
    const auto environment = pointers(client.environment);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child != 0) return child;
    // The descriptor that becomes 0 is a terminal of nobody's yet; a session's leader may take it.
    if (own_terminal && (setsid() < 0 || ioctl(client.descriptors[0].from, TIOCSCTTY, 0) != 0))
        _exit(127);
    // If we are killed, the client must not go on holding the terminal.
    prctl(PR_SET_PDEATHSIG, SIGHUP);
    if (getppid() != parent) _exit(127);
    if (!place_descriptors(client.descriptors.data(), client.descriptors.size())) _exit(127);
    reset_signals();
    execve(argv[0], argv.data(), environment.data());
    _exit(127);
}

}  // namespace botbottle
