// What is said to an engine and what its refusals become; the engine itself is played by nobody
// here: tests/integration/docker has a real one.
#include "engine.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <cerrno>

#include "connection.h"
#include "engine_error.h"
#include "probe.h"
#include "scratch.h"

namespace backend_docker {
namespace {

using host_bottle::code_of;
using host_bottle::UniqueFd;

TEST(Endpoint, IsASocketOrAnAddress) {
    EXPECT_EQ(parse_endpoint("unix:///run/docker.sock").socket, "/run/docker.sock");
    EXPECT_EQ(parse_endpoint("/run/docker.sock").text, "unix:///run/docker.sock");
    const Endpoint remote = parse_endpoint("tcp://10.0.0.1:2375");
    EXPECT_FALSE(remote.is_local());
    EXPECT_EQ(remote.url(), "http://10.0.0.1:2375");
    EXPECT_EQ(parse_endpoint("tcp://[fd00::1]:2375/").url(), "http://[fd00::1]:2375");
    EXPECT_EQ(parse_endpoint(remote.text).port, "2375");
    for (const char* const other : {"ssh://me@there", "https://a:2376", "fd://"})
        EXPECT_EQ(code_of([&] { parse_endpoint(other); }), "engine_out_of_reach") << other;
    for (const char* const bad :
         {"", "unix://", "unix://run/docker.sock", "docker.sock", "tcp://", "tcp://a",
          "tcp://a:", "tcp://:1", "tcp://a:70000", "tcp://a:1x", "tcp://a b:1", "tcp://me@a:1",
          "tcp://a/b:1", "tcp://fd00::1:2375"})
        EXPECT_EQ(code_of([&] { parse_endpoint(bad); }), "bad_docker_host") << bad;
}

TEST(Endpoint, DoesWithoutEncryptionOnlyWhereNoneWasAskedFor) {
    setenv("DOCKER_TLS_VERIFY", "1", 1);
    EXPECT_EQ(code_of([&] { parse_endpoint("tcp://10.0.0.1:2376"); }), "engine_tls");
    EXPECT_EQ(code_of([&] { parse_endpoint("unix:///run/docker.sock"); }), "");
    unsetenv("DOCKER_TLS_VERIFY");
}

TEST(Endpoint, DecidesOnThePlacementUnlessTheOperatorDoes) {
    const Endpoint local = parse_endpoint("unix:///run/docker.sock");
    const Endpoint remote = parse_endpoint("tcp://10.0.0.1:2375");
    unsetenv("BOTBOTTLE_PLACEMENT");
    EXPECT_EQ(placement_for(local), Placement::host);
    EXPECT_EQ(placement_for(remote), Placement::bundle);
    setenv("BOTBOTTLE_PLACEMENT", "bundle", 1);
    EXPECT_EQ(placement_for(local), Placement::bundle);
    setenv("BOTBOTTLE_PLACEMENT", "host", 1);
    EXPECT_EQ(placement_for(local), Placement::host);
    EXPECT_EQ(code_of([&] { placement_for(remote); }), "engine_not_local");
    setenv("BOTBOTTLE_PLACEMENT", "elsewhere", 1);
    EXPECT_EQ(code_of([&] { placement_for(local); }), "bad_placement");
    unsetenv("BOTBOTTLE_PLACEMENT");
}

TEST(Endpoint, ComesFromTheOperatorsEnvironment) {
    setenv("DOCKER_HOST", "unix:///somewhere.sock", 1);
    EXPECT_EQ(default_endpoint().socket, "/somewhere.sock");
    setenv("DOCKER_HOST", "", 1);
    EXPECT_EQ(default_endpoint().socket, "/var/run/docker.sock");
    unsetenv("DOCKER_HOST");
    EXPECT_EQ(default_endpoint().socket, "/var/run/docker.sock");
}

TEST(Connection, NoticesThatTheOtherMachineIsGone) {
    const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(bind(listener.get(), any, size), 0);
    ASSERT_EQ(listen(listener.get(), 1), 0);
    ASSERT_EQ(getsockname(listener.get(), any, &size), 0);
    const UniqueFd made = connect_tcp("127.0.0.1", std::to_string(ntohs(address.sin_port)));
    ASSERT_TRUE(made);
    const auto option = [&](int level, int name) {
        int value = -1;
        socklen_t length = sizeof value;
        getsockopt(made.get(), level, name, &value, &length);
        return value;
    };
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE) +
                  option(IPPROTO_TCP, TCP_KEEPINTVL) * option(IPPROTO_TCP, TCP_KEEPCNT),
              kSilence);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), kSilence * 1000);
    EXPECT_FALSE(connect_tcp("127.0.0.1", "1"));
    EXPECT_FALSE(connect_unix("/nonexistent/engine.sock"));
}

TEST(Query, IsPercentEncoded) {
    EXPECT_EQ(query({}), "");
    EXPECT_EQ(query({{"a", "b"}, {"c-d", "e f&g=h/\xc3\xa9"}}), "?a=b&c-d=e%20f%26g%3Dh%2F%C3%A9");
}

TEST(Api, IsTheNewestThatBothSpeak) {
    EXPECT_EQ(common_api("1.41", "1.12"), "1.41");
    EXPECT_EQ(common_api("1.47", "1.24"), "1.47");
    EXPECT_EQ(common_api("1.52", "1.44"), "1.47");
    EXPECT_EQ(common_api("1.60", "1.50"), "1.50");
    EXPECT_EQ(common_api("1.41", ""), "1.41");
    for (const char* const old : {"1.40", "1.9", "", "x"})
        EXPECT_EQ(common_api(old, "1.12"), "") << old;
}

TEST(EngineError, KeepsTheEnginesWords) {
    const auto error = engine_error("do it", 500, R"({"message": "OCI runtime create failed"})");
    EXPECT_EQ(error.code(), "engine_refused");
    EXPECT_EQ(error.message(), "the engine could not do it: OCI runtime create failed");
    EXPECT_EQ(engine_error("do it", 404, R"({"message": "no such image"})").status(),
              BOTBOTTLE_NOT_FOUND);
    EXPECT_EQ(engine_error("do it", 409, R"({"message": "in use"})").code(), "conflict");
    EXPECT_EQ(engine_error("do it", 502, "<html>bad gateway</html>").message(),
              "the engine could not do it: <html>bad gateway</html>");
    EXPECT_EQ(engine_error("do it", 500, "").message(),
              "the engine could not do it: status 500 without a word");
    EXPECT_EQ(engine_error("do it", 500, R"({"message": 7})").code(), "engine_refused");
    const auto full =
        engine_error("do it", 500, R"({"message": "write /x: no space left on device"})");
    EXPECT_EQ(full.code(), "engine_full");
    EXPECT_NE(full.hint().find("docker system prune"), std::string::npos);
    EXPECT_LT(engine_error("do it", 500, std::string(100'000, 'x')).message().size(), 2000u);
}

TEST(EngineError, SaysWhyNobodyAnswers) {
    EXPECT_EQ(unreachable("/s", ENOENT).code(), "no_engine");
    EXPECT_EQ(unreachable("/s", EACCES).code(), "engine_forbidden");
    EXPECT_NE(unreachable("/s", EACCES).hint().find("usermod"), std::string::npos);
    EXPECT_EQ(unreachable("/s", ECONNREFUSED).code(), "engine_down");
    EXPECT_EQ(unreachable("/s", EIO).code(), "engine_unreachable");
    for (const int error : {ENOENT, EACCES, ECONNREFUSED, EIO})
        EXPECT_EQ(unreachable("/s", error).status(), BOTBOTTLE_UNAVAILABLE);
}

TEST(Engine, IsReportedWhenThereIsNone) {
    Engine missing(parse_endpoint("unix:///nonexistent/docker.sock"), nullptr);
    EXPECT_EQ(code_of([&] { missing.version(); }), "no_engine");
}

TEST(EngineInfo, RefusesWhereUsersOrKernelsDiffer) {
    const auto failing = [](const Json& info) {
        bool usable = true;
        std::string failed;
        for (const Json& check : checks_of_info(info, Placement::host, usable)) {
            if (!check.at("ok").get<bool>()) failed = check.at("name").get<std::string>();
        }
        EXPECT_EQ(usable, failed.empty());
        return failed;
    };
    const Json seccomp = "name=seccomp,profile=default";
    EXPECT_EQ(failing({{"OSType", "linux"}, {"SecurityOptions", {seccomp}}}), "");
    EXPECT_EQ(failing(Json::object()), "");
    EXPECT_EQ(failing({{"SecurityOptions", {seccomp, "name=rootless"}}}), "user");
    EXPECT_EQ(failing({{"SecurityOptions", {seccomp}}, {"Rootless", true}}), "user");
    EXPECT_EQ(failing({{"SecurityOptions", {seccomp, "name=userns"}}}), "user");
    EXPECT_EQ(failing({{"SecurityOptions", {seccomp, "name=selinux"}}}), "user");
    EXPECT_EQ(failing({{"OperatingSystem", "Docker Desktop"}}), "local");
    EXPECT_EQ(failing({{"OSType", "windows"}}), "local");
}

TEST(EngineInfo, OfABundleMindsTheMachineAlone) {
    const auto usable = [](const Json& info) {
        bool found = true;
        checks_of_info(info, Placement::bundle, found);
        return found;
    };
    utsname ours = {};
    ASSERT_EQ(uname(&ours), 0);
    const Json here = {{"OSType", "linux"},
                       {"Architecture", ours.machine},
                       {"OperatingSystem", "Docker Desktop"},
                       {"SecurityOptions", {"name=rootless", "name=userns", "name=selinux"}}};
    EXPECT_TRUE(usable(here));
    EXPECT_FALSE(usable({{"OSType", "linux"}, {"Architecture", "s390x"}}));
    EXPECT_FALSE(usable({{"OSType", "windows"}, {"Architecture", ours.machine}}));
}

}  // namespace
}  // namespace backend_docker
