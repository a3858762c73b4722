// What is said to an engine and what its refusals become; the engine itself is played by nobody
// here: tests/integration/docker has a real one.
#include "engine.h"

#include <cerrno>

#include "engine_error.h"
#include "probe.h"
#include "scratch.h"

namespace backend_docker {
namespace {

using host_bottle::code_of;

TEST(Endpoint, IsASocketOfThisHost) {
    EXPECT_EQ(parse_endpoint("unix:///run/docker.sock").socket, "/run/docker.sock");
    EXPECT_EQ(parse_endpoint("/run/docker.sock").text, "unix:///run/docker.sock");
    for (const char* const remote : {"tcp://10.0.0.1:2375", "ssh://me@there", "https://a:2376"})
        EXPECT_EQ(code_of([&] { parse_endpoint(remote); }), "engine_not_local") << remote;
    for (const char* const bad : {"", "unix://", "unix://run/docker.sock", "docker.sock"})
        EXPECT_EQ(code_of([&] { parse_endpoint(bad); }), "bad_docker_host") << bad;
}

TEST(Endpoint, ComesFromTheOperatorsEnvironment) {
    setenv("DOCKER_HOST", "unix:///somewhere.sock", 1);
    EXPECT_EQ(default_endpoint().socket, "/somewhere.sock");
    setenv("DOCKER_HOST", "", 1);
    EXPECT_EQ(default_endpoint().socket, "/var/run/docker.sock");
    unsetenv("DOCKER_HOST");
    EXPECT_EQ(default_endpoint().socket, "/var/run/docker.sock");
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
        for (const Json& check : checks_of_info(info, usable)) {
            if (!check.at("ok").get<bool>()) failed = check.at("name").get<std::string>();
        }
        EXPECT_EQ(usable, failed.empty());
        return failed;
    };
    const Json seccomp = "name=seccomp,profile=default";
    EXPECT_EQ(failing({{"OSType", "linux"}, {"SecurityOptions", {seccomp}}}), "");
    EXPECT_EQ(failing(Json::object()), "");
    EXPECT_EQ(failing({{"SecurityOptions", {seccomp, "name=rootless"}}}), "user");
    EXPECT_EQ(failing({{"SecurityOptions", {seccomp, "name=userns"}}}), "user");
    EXPECT_EQ(failing({{"SecurityOptions", {seccomp, "name=selinux"}}}), "user");
    EXPECT_EQ(failing({{"OperatingSystem", "Docker Desktop"}}), "local");
    EXPECT_EQ(failing({{"OSType", "windows"}}), "local");
}

}  // namespace
}  // namespace backend_docker
