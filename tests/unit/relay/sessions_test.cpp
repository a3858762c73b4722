// The session server without a bottle around it: real programs, real terminals, one loop.
#include "relay/sessions.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/close_range.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "session/request.h"

namespace botbottle::relay {
namespace {

using control::Descriptor;
using session::Packet;
using session::Received;
using session::Request;

class SessionServer : public testing::Test {
  protected:
    void SetUp() override {
        char directory[] = "/tmp/sessions-XXXXXX";
        ASSERT_NE(mkdtemp(directory), nullptr);
        path_ = std::string(directory) + "/s";
        Descriptor listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const sockaddr_un address = this->address();
        const auto* const any = reinterpret_cast<const sockaddr*>(&address);
        ASSERT_EQ(bind(listener.get(), any, sizeof address), 0);
        ASSERT_EQ(listen(listener.get(), 8), 0);
        rlimit files = {};
        getrlimit(RLIMIT_NOFILE, &files);
        sessions_ = std::make_unique<Sessions>(loop_, std::move(listener), files);
    }

    void TearDown() override {
        unlink(path_.c_str());
        rmdir(path_.substr(0, path_.size() - 2).c_str());
    }

    sockaddr_un address() const {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.data(), path_.size());
        return address;
    }

    Descriptor connect_client() {
        Descriptor client(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        const sockaddr_un address = this->address();
        const auto* const any = reinterpret_cast<const sockaddr*>(&address);
        EXPECT_EQ(connect(client.get(), any, sizeof address), 0);
        fcntl(client.get(), F_SETFL, O_NONBLOCK);
        return client;
    }

    bool turn_until(const std::function<bool()>& done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!done()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            loop_.wait(std::min<unsigned>(5, static_cast<unsigned>(sessions_->timeout_ms())));
            sessions_->reap();
            sessions_->expire();
        }
        return true;
    }

    // The next packet, or kind 0 for the end of the connection.
    Packet next(const Descriptor& client) {
        Packet packet;
        Received received = Received::nothing;
        EXPECT_TRUE(turn_until([&] {
            received = session::receive(client.get(), packet);
            return received != Received::nothing;
        }));
        if (received == Received::closed) packet = {};
        return packet;
    }

    static std::vector<std::string> words(const Packet& packet) {
        std::vector<std::string> result = {std::string(1, packet.kind)};
        for (const auto field : packet.fields())
            result.emplace_back(field);
        return result;
    }

    static Request shell(const char* script) {
        Request request;
        request.arguments = {"sh", "-c", script};
        request.environment = {"PATH=/usr/bin:/bin", "TERM=dumb"};
        return request;
    }

    static void start(const Descriptor& client, const Request& request, int in, int out, int err) {
        const auto document = session::seal_document(session::format_request(request));
        ASSERT_TRUE(document);
        ASSERT_TRUE(session::send(client.get(), 'S', {}, {document->get(), in, out, err}));
    }
    static void start_silent(const Descriptor& client, const Request& request) {
        const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
        start(client, request, null.get(), null.get(), null.get());
    }
    static void start_on_terminal(const Descriptor& client, Request request, const char* name) {
        request.tty = session::WindowSize{100, 30};
        request.name = name;
        const auto document = session::seal_document(session::format_request(request));
        ASSERT_TRUE(document);
        ASSERT_TRUE(session::send(client.get(), 'S', {}, {document->get()}));
    }

    // The terminal of a session that has just been started or taken over.
    Descriptor master_of(const Descriptor& client) {
        Packet packet = next(client);
        EXPECT_EQ(packet.kind, 'O');
        EXPECT_EQ(packet.descriptors.size(), 1u);
        return packet.descriptors.empty() ? Descriptor() : std::move(packet.descriptors[0]);
    }

    std::string read_until(const Descriptor& master, const std::string& end) {
        std::string text;
        EXPECT_TRUE(turn_until([&] {
            char buffer[4096];
            const ssize_t size = read(master.get(), buffer, sizeof buffer);
            if (size > 0) text.append(buffer, static_cast<std::size_t>(size));
            return text.find(end) != std::string::npos;
        })) << text;
        return text;
    }

    Loop loop_;
    std::unique_ptr<Sessions> sessions_;
    std::string path_;
};

TEST_F(SessionServer, ReportsHowASessionEnded) {
    struct {
        const char* script;
        std::vector<std::string> end;
    } const rows[] = {
        {"exit 0", {"X", "exited", "0"}},
        {"exit 255", {"X", "exited", "255"}},
        {"kill -TERM $$", {"X", "signaled", "15"}},
        {"kill -KILL $$", {"X", "signaled", "9"}},
        {"sleep 1000 & exit 3", {"X", "exited", "3"}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.script);
        const Descriptor client = connect_client();
        start_silent(client, shell(row.script));
        EXPECT_EQ(next(client).kind, 'O');
        EXPECT_EQ(words(next(client)), row.end);
    }
}

TEST_F(SessionServer, SaysWhyAProgramCouldNotBeStarted) {
    Request missing = shell("");
    missing.arguments = {"no-such-program"};
    Request forbidden = shell("");
    forbidden.arguments = {"/etc/passwd"};
    Request lost = shell("true");
    lost.directory = "/no/such/directory";
    const struct {
        Request request;
        std::vector<std::string> answer;
    } rows[] = {
        {missing, {"E", "command_not_found", "no-such-program: not found"}},
        {forbidden, {"E", "cannot_execute", "/etc/passwd: Permission denied"}},
        {lost, {"E", "no_directory", "/no/such/directory: No such file or directory"}},
    };
    for (const auto& row : rows) {
        const Descriptor client = connect_client();
        start_silent(client, row.request);
        EXPECT_EQ(words(next(client)), row.answer);
    }
}

TEST_F(SessionServer, GivesTheProgramItsEnvironmentAndNothingElse) {
    // What this test inherited from whoever runs it; the relay closes such things before all else.
    ASSERT_EQ(close_range(3, ~0u, CLOSE_RANGE_CLOEXEC), 0);
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const Descriptor output(ends[0]);
    Descriptor input(ends[1]);
    const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
    Request request = shell("env; ls /proc/self/fd; grep -E 'SigBlk|SigIgn' /proc/self/status");
    request.directory = "/usr";
    const Descriptor client = connect_client();
    start(client, request, null.get(), input.get(), null.get());
    input.reset();
    EXPECT_EQ(next(client).kind, 'O');
    EXPECT_EQ(next(client).kind, 'X');
    std::string text(4096, '\0');
    text.resize(static_cast<std::size_t>(read(output.get(), text.data(), text.size())));
    const std::string descriptors = "0\n1\n2\n3\n";  // 3 is the directory that ls reads
    const std::string signals = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n";
    EXPECT_NE(text.find("PATH=/usr/bin:/bin\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("HOME="), std::string::npos) << text;
    EXPECT_NE(text.find(descriptors + signals), std::string::npos) << text;
}

TEST_F(SessionServer, RefusesWhatIsNotARequest) {
    const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
    const auto code = [&](const Descriptor& client) {
        const auto answer = words(next(client));
        return answer.size() == 3 && answer[0] == "E" ? answer[1] : "?" + answer[0];
    };
    const Descriptor client = connect_client();
    ASSERT_TRUE(session::send(client.get(), 'S', {}));
    EXPECT_EQ(code(client), "malformed_request");
    ASSERT_TRUE(session::send(client.get(), 'S', {}, {null.get()}));
    EXPECT_EQ(code(client), "malformed_request");
    const auto document = session::seal_document(session::format_request(shell("true")));
    ASSERT_TRUE(session::send(client.get(), 'S', {}, {document->get()}));  // no pipes
    EXPECT_EQ(code(client), "malformed_request");
    ASSERT_TRUE(session::send(client.get(), 'Z', {}));
    EXPECT_EQ(code(client), "unknown_message");
    ASSERT_TRUE(session::send(client.get(), 'K', {"9"}));
    EXPECT_EQ(code(client), "malformed_request");
    ASSERT_TRUE(session::send(client.get(), 'A', {"nobody"}));
    EXPECT_EQ(code(client), "no_such_session");
    ASSERT_TRUE(session::send(client.get(), 'Q', {"soon"}));
    EXPECT_EQ(code(client), "malformed_request");
    EXPECT_FALSE(sessions_->finished());
}

TEST_F(SessionServer, SignalsTheWholeProcessGroup) {
    const Descriptor client = connect_client();
    start_silent(client, shell("trap 'exit 42' INT; sleep 1000 & wait"));
    EXPECT_EQ(next(client).kind, 'O');
    // The shell sets its trap in its own time.
    EXPECT_TRUE(turn_until([&] {
        session::send(client.get(), 'K', {"2"});
        Packet packet;
        return session::receive(client.get(), packet) == Received::packet &&
               words(packet)[0] == "X";
    }));
}

TEST_F(SessionServer, EndsASessionWithPipesWhenItsClientGoes) {
    Descriptor client = connect_client();
    start_silent(client, shell("trap 'exit 0' HUP; while :; do sleep 0.01; done"));
    EXPECT_EQ(next(client).kind, 'O');
    client.reset();
    const Descriptor other = connect_client();
    EXPECT_TRUE(turn_until([&] {
        session::send(other.get(), 'L', {});
        return words(next(other)).size() == 1;
    }));
}

TEST_F(SessionServer, ATerminalSessionOutlivesItsClient) {
    Descriptor client = connect_client();
    start_on_terminal(
        client, shell("tty; stty size; read line; echo \"<$line>\"; read last; exit 5"), "agent");
    Descriptor master = master_of(client);
    EXPECT_NE(read_until(master, "30 100").find("/dev/pts/"), std::string::npos);

    const Descriptor second = connect_client();
    ASSERT_TRUE(session::send(second.get(), 'A', {"agent"}));
    EXPECT_EQ(words(next(second)), (std::vector<std::string>{"E", "session_attached",
                                                             "the session \"agent\" is attached"}));
    start_on_terminal(second, shell("true"), "agent");
    EXPECT_EQ(words(next(second))[1], "session_exists");

    ASSERT_EQ(write(master.get(), "hello\n", 6), 6);
    master.reset();
    client.reset();
    Packet listed;
    EXPECT_TRUE(turn_until([&] {
        session::send(second.get(), 'L', {});
        listed = next(second);
        return words(listed).size() == 6 && words(listed)[4] == "0";
    }));
    EXPECT_EQ(words(listed)[1], "agent");
    EXPECT_EQ(words(listed)[3], "1");
    EXPECT_EQ(words(listed)[5], "sh");

    const Descriptor third = connect_client();
    ASSERT_TRUE(session::send(third.get(), 'A', {"agent"}));
    const Packet replay = next(third);
    EXPECT_EQ(replay.kind, 'R');
    master = master_of(third);
    // What the relay has not read in the meantime is still in the terminal.
    if (replay.body.find("<hello>") == std::string::npos) read_until(master, "<hello>");
    ASSERT_EQ(write(master.get(), "\n", 1), 1);
    EXPECT_EQ(words(next(third)), (std::vector<std::string>{"X", "exited", "5"}));
}

TEST_F(SessionServer, ReplaysWhatADetachedSessionWrote) {
    Descriptor client = connect_client();
    const std::string marker = path_ + ".done";
    const std::string script = "read line; seq 1 20000; echo end; touch " + marker + "; read last";
    start_on_terminal(client, shell(script.c_str()), "agent");
    const Descriptor master = master_of(client);
    client.reset();
    for (int i = 0; i < 10; ++i)
        loop_.wait(1);  // detached by now
    ASSERT_EQ(write(master.get(), "\n", 1), 1);
    // More than a terminal holds: it gets there only because the relay reads.
    EXPECT_TRUE(turn_until([&] { return unlink(marker.c_str()) == 0; }));
    for (int i = 0; i < 10; ++i)
        loop_.wait(1);

    const Descriptor other = connect_client();
    ASSERT_TRUE(session::send(other.get(), 'A', {"agent"}));
    const Packet replay = next(other);
    EXPECT_EQ(replay.kind, 'R');
    EXPECT_EQ(replay.body.size(), session::kReplaySize);
    EXPECT_TRUE(replay.body.ends_with("19999\r\n20000\r\nend\r\n"));
}

TEST_F(SessionServer, ATerminalSessionWithoutANameEndsWithItsClient) {
    Descriptor client = connect_client();
    start_on_terminal(client, shell("echo ready; sleep 1000"), "");
    Descriptor master = master_of(client);
    read_until(master, "ready");
    client.reset();
    const Descriptor other = connect_client();
    EXPECT_TRUE(turn_until([&] {
        session::send(other.get(), 'L', {});
        return words(next(other)).size() == 1;
    }));
}

TEST_F(SessionServer, StopsWhenNothingRuns) {
    const Descriptor client = connect_client();
    ASSERT_TRUE(session::send(client.get(), 'Q', {"60000"}));
    EXPECT_TRUE(turn_until([&] { return sessions_->finished(); }));
    start_silent(client, shell("true"));
    EXPECT_EQ(words(next(client))[1], "busy");
}

TEST_F(SessionServer, StopsAfterTheGraceAtTheLatest) {
    const Descriptor client = connect_client();
    start_silent(client, shell("trap '' TERM HUP; echo; while :; do sleep 0.05; done"));
    EXPECT_EQ(next(client).kind, 'O');
    ASSERT_TRUE(session::send(client.get(), 'Q', {"300"}));
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(turn_until([&] { return sessions_->finished(); }));
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(250));
    // Only pid 1 of a bottle kills all; here the session is still ours to end.
    ASSERT_TRUE(session::send(client.get(), 'K', {"9"}));
    EXPECT_EQ(words(next(client)), (std::vector<std::string>{"X", "signaled", "9"}));
}

}  // namespace
}  // namespace botbottle::relay
