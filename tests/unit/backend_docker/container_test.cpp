// The request for a container, by the properties that isolation hangs on.
#include "container.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace backend_docker {
namespace {

class Container : public testing::Test {
  protected:
    Container() {
        plan_.bottle = {"coder-ab12c", "/h/state/coder-ab12c", "/r/coder-ab12c", "/p/libexec",
                        "/r/coder-ab12c/docker"};
        plan_.handle = {
            "unix:///e.sock", Placement::host, "sha256:abc", {64123, 64124}, to_json(Limits())};
        plan_.sockets_dir = "/r/coder-ab12c/sockets";
        plan_.hostname = "bottle";
        plan_.forwards = {{9099, "egress.sock"}, {9420, "git.sock"}};
    }
    Json document() const { return container_document(plan_); }
    Json host() const { return document().at("HostConfig"); }

    // The mount at a place in the bottle.
    Json mount(const std::string& target) const {
        const Json mounts = host().at("Mounts");
        for (const Json& mount : mounts) {
            if (mount.at("Target") == target) return mount;
        }
        return nullptr;
    }

    ContainerPlan plan_;
};

TEST_F(Container, HasNoNetworkAndNoRight) {
    const Json host = this->host();
    EXPECT_EQ(host.at("NetworkMode"), "none");
    EXPECT_EQ(host.at("CapDrop"), Json::array({"ALL"}));
    EXPECT_EQ(host.at("SecurityOpt"), Json::array({"no-new-privileges:true"}));
    EXPECT_EQ(host.at("ReadonlyRootfs"), true);
    EXPECT_EQ(host.at("Privileged"), false);
    EXPECT_EQ(host.at("IpcMode"), "private");
    EXPECT_EQ(host.at("CgroupnsMode"), "private");
    for (const char* const given : {"CapAdd", "Devices", "Binds", "PidMode", "UTSMode", "GroupAdd"})
        EXPECT_FALSE(host.contains(given)) << given;
    EXPECT_EQ(document().at("User"), "64123:64124");
}

TEST_F(Container, LeavesNothingToTheImage) {
    const Json document = this->document();
    EXPECT_EQ(document.at("Image"), "sha256:abc");
    EXPECT_EQ(document.at("Entrypoint"), Json::array({"/run/botbottle/relay"}));
    EXPECT_EQ(document.at("WorkingDir"), "/");
    EXPECT_EQ(document.at("Healthcheck").at("Test"), Json::array({"NONE"}));
    EXPECT_EQ(document.at("Cmd"),
              Json::array({"--rendezvous", "/run/botbottle/launch/relay.sock", "--forward",
                           "9099=/run/botbottle/sockets/egress.sock", "--forward",
                           "9420=/run/botbottle/sockets/git.sock"}));
}

TEST_F(Container, SeesOfTheHostItsOwnDirectoriesOnly) {
    const std::pair<const char*, const char*> writable[] = {
        {"/home/agent", "/h/state/coder-ab12c/home"},
        {"/workspace", "/h/state/coder-ab12c/workspace"}};
    const std::pair<const char*, const char*> read_only[] = {
        {"/run/botbottle/relay", "/p/libexec/botbottle-relay"},
        {"/run/botbottle/sockets", "/r/coder-ab12c/sockets"},
        {"/run/botbottle/launch", "/r/coder-ab12c/docker/launch"},
        {"/etc/passwd", "/r/coder-ab12c/docker/etc/passwd"},
        {"/etc/group", "/r/coder-ab12c/docker/etc/group"},
        {"/etc/hosts", "/r/coder-ab12c/docker/etc/hosts"},
        {"/etc/hostname", "/r/coder-ab12c/docker/etc/hostname"},
        {"/etc/resolv.conf", "/r/coder-ab12c/docker/etc/resolv.conf"},
        {"/etc/nsswitch.conf", "/r/coder-ab12c/docker/etc/nsswitch.conf"},
        {"/etc/host.conf", "/r/coder-ab12c/docker/etc/host.conf"},
        {"/etc/botbottle", "/r/coder-ab12c/docker/etc/botbottle"},
        {"/etc/ssl/certs", "/r/coder-ab12c/docker/etc/ssl/certs"}};
    for (const auto& [target, source] : writable) {
        EXPECT_EQ(mount(target).at("Source"), source);
        EXPECT_EQ(mount(target).at("ReadOnly"), false) << target;
    }
    for (const auto& [target, source] : read_only) {
        ASSERT_TRUE(mount(target).is_object()) << target;
        EXPECT_EQ(mount(target).at("Source"), source);
        EXPECT_EQ(mount(target).at("ReadOnly"), true) << target;
    }
    EXPECT_EQ(host().at("Mounts").size(), std::size(writable) + std::size(read_only));
    const Json mounts = host().at("Mounts");
    for (const Json& mount : mounts) {
        EXPECT_EQ(mount.at("Type"), "bind");
        EXPECT_EQ(mount.at("BindOptions").at("Propagation"), "rprivate");
    }
}

TEST_F(Container, MasksWhatShowsTheHost) {
    const auto holds = [](const Json& list, const char* path) {
        return std::find(list.begin(), list.end(), path) != list.end();
    };
    for (const char* const path : {"/sys", "/proc/kcore", "/proc/keys", "/proc/cmdline"})
        EXPECT_TRUE(holds(host().at("MaskedPaths"), path)) << path;
    for (const char* const path : {"/proc/sys", "/proc/sysrq-trigger", "/proc/pressure"})
        EXPECT_TRUE(holds(host().at("ReadonlyPaths"), path)) << path;
    EXPECT_EQ(host().at("Tmpfs").at("/run/botbottle").get<std::string>().substr(0, 3), "ro,");
}

TEST_F(Container, IsLabelledAsThisUsersOfThisHome) {
    const Json labels = document().at("Labels");
    EXPECT_EQ(labels.at("dev.botbottle.identity"), "coder-ab12c");
    EXPECT_EQ(labels.at("dev.botbottle.owner"), std::to_string(geteuid()) + ":/h/state");
    EXPECT_EQ(container_name("coder-ab12c"), "botbottle-coder-ab12c");
}

TEST_F(Container, IsHeldToItsLimits) {
    EXPECT_EQ(host().at("PidsLimit"), kDefaultPids);
    EXPECT_FALSE(host().contains("Memory"));
    EXPECT_FALSE(host().contains("NanoCpus"));
    plan_.handle.limits = to_json(Limits{1.5, 1 << 30, 100});
    EXPECT_EQ(host().at("Memory"), 1 << 30);
    EXPECT_EQ(host().at("MemorySwap"), 1 << 30);
    EXPECT_EQ(host().at("NanoCpus"), 1'500'000'000);
    EXPECT_EQ(host().at("PidsLimit"), 100);
    const Json core = host().at("Ulimits").at(0);
    EXPECT_EQ(core.at("Name"), "core");
    EXPECT_EQ(core.at("Hard"), 1);
}

TEST_F(Container, IsHeldToTheSameByPodman) {
    const auto option = [&](const char* begin) {
        const Json options = host().at("SecurityOpt");
        for (const Json& one : options)
            if (one.get<std::string>().starts_with(begin)) return one.get<std::string>();
        return std::string();
    };
    EXPECT_EQ(option("mask="), "");
    EXPECT_EQ(host().at("Tmpfs").at("/run").get<std::string>().find("notmpcopyup"),
              std::string::npos);
    EXPECT_EQ(host().at("Ulimits").size(), 1U);
    plan_.podman = true;
    plan_.most = {{"nofile", 20000}};
    EXPECT_EQ(option("no-new-privileges"), "no-new-privileges:true");
    const Json masked = host().at("MaskedPaths");
    for (const Json& path : masked)
        EXPECT_NE((option("mask=") + ":").find(path.get<std::string>() + ":"), std::string::npos);
    const Json temporary = host().at("Tmpfs");
    for (const Json& options : temporary)
        EXPECT_TRUE(options.get<std::string>().ends_with(",notmpcopyup"));
    EXPECT_EQ(host().at("Ulimits").size(), 2U);
    EXPECT_EQ(host().at("Ulimits").at(1),
              Json({{"Name", "nofile"}, {"Soft", 20000}, {"Hard", 20000}}));
}

TEST_F(Container, IsGoneWhenItEnds) {
    EXPECT_EQ(host().at("AutoRemove"), true);
    EXPECT_EQ(host().at("RestartPolicy").at("Name"), "no");
    EXPECT_EQ(host().at("LogConfig").at("Type"), "none");
}

TEST_F(Container, OfABundleSharesNothingWithThisMachine) {
    plan_.handle.placement = Placement::bundle;
    plan_.handle.owner = kBundleOwner;
    const Json document = this->document();
    const Json host = this->host();
    EXPECT_EQ(host.at("NetworkMode"), "none");
    EXPECT_EQ(host.at("ReadonlyRootfs"), true);
    for (const Json& mount : host.at("Mounts")) {
        EXPECT_EQ(mount.at("Type"), "volume");
        EXPECT_FALSE(mount.contains("Source"));
    }
    EXPECT_EQ(document.dump().find("/r/coder-ab12c"), std::string::npos);
    EXPECT_EQ(document.dump().find("/p/libexec"), std::string::npos);
    EXPECT_EQ(document.at("User"), "1000:1000");
    EXPECT_EQ(document.at("Env"), Json::array());
    EXPECT_EQ(document.at("StdinOnce"), true);
    EXPECT_EQ(host.at("Dns"), Json::array({"127.0.0.1"}));
    EXPECT_EQ(document.at("Entrypoint"), Json::array({"/usr/lib/botbottle/botbottle-anchor"}));
    EXPECT_EQ(
        document.at("Cmd"),
        Json::array({"/usr/lib/botbottle/botbottle-relay", "/tmp", "egress.sock", "git.sock", "--",
                     "--rendezvous", "@botbottle/relay.sock", "--forward",
                     "9099=@botbottle/egress.sock", "--forward", "9420=@botbottle/git.sock"}));
}

}  // namespace
}  // namespace backend_docker
