// The pipeline with a real warden and egress, over a backend that writes down what it is asked.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QDir>
#include <cstdlib>
#include <filesystem>

#include "bottles/ending.h"
#include "bottles/interrupt.h"
#include "bottles/launch.h"
#include "files/atomic_file.h"
#include "scratch.h"

namespace botbottle {
namespace {

// The warden answers `stop` and then ends, which takes a sanitized one a while.
bool ends_soon(const ProcessReference& process) {
    for (int waited_ms = 0; process.alive(); waited_ms += 5) {
        if (waited_ms > 10'000) return false;
        usleep(5'000);
    }
    return true;
}

namespace fs = std::filesystem;

class LaunchTest : public ::testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories((scratch_ / "run").toStdString());
        ASSERT_EQ(chmod((scratch_ / "run").toLocal8Bit().constData(), 0700), 0);
        setenv("XDG_RUNTIME_DIR", (scratch_ / "run").toLocal8Bit().constData(), 1);
        setenv("BOT_BOTTLE_HOME", (scratch_ / "home").toLocal8Bit().constData(), 1);
        setenv("FAKE_BACKEND_LOG", (scratch_ / "calls").toLocal8Bit().constData(), 1);
        setenv("FAKE_BACKEND_FAIL", "", 1);
        home_ = Home::locate().value();
        store_ = ManifestStore::load(home_->path(), scratch_.path());
        PluginHost host;
        host.cancelled = [] { return interrupted(); };
        registry_.emplace(PluginPlaces{{QStringLiteral(FAKE_BACKEND_DIRECTORY)}, std::nullopt},
                          host);
        auto backend = registry_->backend(QStringLiteral("fake"));
        ASSERT_TRUE(backend) << backend.error().message;
        backend_ = *backend;
    }
    void TearDown() override {
        unsetenv("XDG_RUNTIME_DIR");
        unsetenv("BOT_BOTTLE_HOME");
    }

    Result<LaunchedBottle> launch(Lifetime lifetime = Lifetime::UnlessChanged) {
        const Settings settings;
        const HostVariables variables = [](const char* name) -> const char* {
            return std::getenv(name);
        };
        const PlanSources sources{*store_, settings, *registry_, variables, scratch_.path()};
        Plan plan;
        plan.identity_base = QStringLiteral("run");
        plan.command = {QStringLiteral("true")};
        plan.working_directory = scratch_.path();
        LaunchEvents events;
        events.note = [this](const QString& note) { notes_ << note; };
        events.warning = [this](const QString& warning) { warnings_ << warning; };
        events.phase_done = [this](const QString& phase, double) { phases_ << phase; };
        return launch_bottle({*home_, sources, *backend_, events}, plan, {}, lifetime);
    }

    Result<EndReport> end(const QString& identity, std::optional<int> exit_code) {
        EndRequest request;
        request.identity = identity;
        request.exit_code = exit_code;
        return end_bottle(*home_, *backend_, request);
    }

    std::string calls() const {
        const auto log = files::read_file((scratch_ / "calls").toStdString());
        return log ? *log : "";
    }

    // Files below a directory; directories of the home itself do not count.
    static QStringList files_in(const QString& path) {
        QStringList found;
        if (!fs::exists(path.toStdString())) return found;
        for (const auto& entry : fs::recursive_directory_iterator(path.toStdString())) {
            if (!entry.is_directory()) found << QString::fromStdString(entry.path().string());
        }
        return found;
    }

    void expect_nothing_left() const {
        EXPECT_EQ(files_in(scratch_ / "home").join(QLatin1Char(' ')).toStdString(), "");
        EXPECT_EQ(files_in(scratch_ / "run").join(QLatin1Char(' ')).toStdString(), "");
        EXPECT_TRUE(fs::is_empty((scratch_ / "home/state").toStdString()));
    }

    Scratch scratch_;
    std::optional<Home> home_;
    std::optional<ManifestStore> store_;
    std::optional<PluginRegistry> registry_;
    BackendPlugin* backend_ = nullptr;
    QStringList notes_;
    QStringList warnings_;
    QStringList phases_;
};

TEST_F(LaunchTest, GoesThroughThePhasesInOrder) {
    const auto bottle = launch(Lifetime::ThrowAway);
    ASSERT_TRUE(bottle) << bottle.error().message;
    EXPECT_EQ(calls(),
              "prepare\nlaunch\ncopy_in\n  /etc/botbottle/ca.pem\n  "
              "/etc/ssl/certs/ca-certificates.crt\n  /etc/botbottle/ca.jks\n"
              "  /home/agent/.gitconfig\n");
    EXPECT_EQ(phases_.join(QLatin1Char(' ')).toStdString(),
              "directories warden-spawn prepare provider policy workspace launch warden watch "
              "provision settle");
    EXPECT_EQ(warnings_.join(QLatin1Char(' ')).toStdString(), "mind the gap");
    const Metadata& metadata = bottle->metadata;
    EXPECT_EQ(metadata.phase, BottlePhase::Running);
    EXPECT_TRUE(metadata.inside.alive());
    EXPECT_TRUE(metadata.warden.alive());
    EXPECT_EQ(
        load_metadata(*home_, metadata.identity)->handle.value(QStringLiteral("made")).toInt(), 2);

    const auto report = end(metadata.identity, 0);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_FALSE(report->preserved);
    EXPECT_TRUE(ends_soon(metadata.warden));
    EXPECT_TRUE(calls().ends_with("stop {\"made\":2}\nremove\n"));
    expect_nothing_left();
}

struct FailureRow {
    const char* operation;
    const char* message;
    const char* undone;  // the calls after the failing one
};

const FailureRow kFailures[] = {
    {"prepare", "prepare: it was told to fail prepare", ""},
    {"launch", "launch: it was told to fail launch", "stop {\"made\":1}\nremove\n"},
    {"copy_in", "provision: trust store, git config: it was told to fail copy_in",
     "stop {\"made\":2}\nremove\n"},
};

TEST_F(LaunchTest, AFailureUnwindsAndNamesItsPhase) {
    for (const FailureRow& row : kFailures) {
        setenv("FAKE_BACKEND_FAIL", row.operation, 1);
        fs::remove((scratch_ / "calls").toStdString());
        const auto bottle = launch();
        ASSERT_FALSE(bottle) << row.operation;
        EXPECT_EQ(bottle.error().code, "fake_failure");
        EXPECT_EQ(bottle.error().message, row.message);
        EXPECT_EQ(bottle.error().hint, "do not");
        const std::string all = calls();
        EXPECT_EQ(all.substr(all.find(row.operation) + std::string(row.operation).size() + 1),
                  row.undone);
        expect_nothing_left();
    }
}

// What goes wrong while unwinding is a note; the error is the one that began it.
TEST_F(LaunchTest, ALaterErrorDoesNotMaskTheFirst) {
    setenv("FAKE_BACKEND_FAIL", "launch remove", 1);
    const auto bottle = launch();
    ASSERT_FALSE(bottle);
    EXPECT_EQ(bottle.error().message, "launch: it was told to fail launch");
    EXPECT_EQ(notes_.join(QLatin1Char('|')).toStdString(),
              "undoing \"preparing the backend\" failed: it was told to fail remove");
    expect_nothing_left();
}

TEST_F(LaunchTest, WhatCannotBeRemovedAtTheEndIsNoted) {
    const auto bottle = launch(Lifetime::ThrowAway);
    ASSERT_TRUE(bottle);
    setenv("FAKE_BACKEND_FAIL", "remove", 1);
    const auto report = end(bottle->metadata.identity, 0);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->notes.join(QLatin1Char('|')).toStdString(), "it was told to fail remove");
    expect_nothing_left();
}

TEST_F(LaunchTest, WhatStillRunsIsNotTidiedAway) {
    const auto bottle = launch(Lifetime::ThrowAway);
    ASSERT_TRUE(bottle);
    setenv("FAKE_BACKEND_LIES", "1", 1);
    const auto refused = end(bottle->metadata.identity, 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "still_running");
    EXPECT_TRUE(load_metadata(*home_, bottle->metadata.identity)) << "so that it can be found";
    unsetenv("FAKE_BACKEND_LIES");
    ASSERT_TRUE(end(bottle->metadata.identity, 0));
    expect_nothing_left();
}

TEST_F(LaunchTest, AnAgentThatFailsIsPreservedAndEndsOnlyOnce) {
    const auto bottle = launch();
    ASSERT_TRUE(bottle);
    const QString identity = bottle->metadata.identity;
    const auto report = end(identity, 7);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->preserved);
    EXPECT_EQ(report->because.toStdString(), "the agent ended with exit code 7");
    const auto metadata = load_metadata(*home_, identity);
    ASSERT_TRUE(metadata);
    EXPECT_EQ(metadata->phase, BottlePhase::Preserved);
    EXPECT_EQ(metadata->exit_code, 7);
    EXPECT_TRUE(ends_soon(bottle->metadata.warden));
    EXPECT_FALSE(end(identity, 0)->existed);
}

// Its workspace is in the bottle alone: what comes out before it stops is all that there will be.
TEST_F(LaunchTest, WorkIsBroughtOutBeforeTheBottleStops) {
    const auto bottle = launch();
    ASSERT_TRUE(bottle);
    scratch_.file("inside/new.c", "made by the agent");
    setenv("FAKE_BACKEND_INSIDE", (scratch_ / "inside").toLocal8Bit().constData(), 1);
    const auto report = end(bottle->metadata.identity, 0);
    unsetenv("FAKE_BACKEND_INSIDE");
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->because.toStdString(), "the workspace copy was changed (1 added: new.c)");
    EXPECT_EQ(*files::read_file((report->workspace + QStringLiteral("/new.c")).toStdString()),
              "made by the agent");
    EXPECT_TRUE(calls().ends_with("copy_out\nstop {\"made\":2}\n")) << calls();
}

TEST_F(LaunchTest, ABottleInWhichNothingWasMadeIsRemoved) {
    const auto bottle = launch();
    ASSERT_TRUE(bottle);
    const auto report = end(bottle->metadata.identity, 0);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_FALSE(report->preserved) << report->because.toStdString();
    EXPECT_TRUE(fs::is_empty((scratch_ / "home/state").toStdString()));
}

TEST_F(LaunchTest, WorkThatDoesNotComeOutIsAskedForAgainAndItsLossIsTold) {
    for (const std::optional<int> code : {0, 7}) {
        const auto bottle = launch();
        ASSERT_TRUE(bottle);
        setenv("FAKE_BACKEND_FAIL", "copy_out", 1);
        const auto report = end(bottle->metadata.identity, code);
        setenv("FAKE_BACKEND_FAIL", "", 1);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->preserved);
        const QString told = report->because + QLatin1Char('|') + report->notes.join(u'|');
        EXPECT_TRUE(told.contains(
            QStringLiteral("what the agent did in the bottle could not be brought out: it was told "
                           "to fail copy_out")))
            << told.toStdString();
        EXPECT_TRUE(calls().ends_with("copy_out\nstop {\"made\":2}\ncopy_out\n")) << calls();
    }
}

TEST_F(LaunchTest, WhatIsToBeKeptIsKept) {
    const auto bottle = launch(Lifetime::Kept);
    ASSERT_TRUE(bottle);
    const auto report = end(bottle->metadata.identity, 0);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->preserved);
}

// Last, for an interrupt is remembered until the process ends: in a process of its own.
TEST_F(LaunchTest, CtrlCUnwindsAndIsNoFailureOfThePhase) {
    for (const char* operation : {"interrupt:prepare", "interrupt:launch", "interrupt:copy_in"}) {
        setenv("FAKE_BACKEND_FAIL", operation, 1);
        const pid_t child = fork();
        if (child == 0) {
            watch_for_interrupts();
            const auto bottle = launch();
            if (bottle || bottle.error().code != "interrupted") _exit(1);
            _exit(notes_.isEmpty() ? 0 : 2);
        }
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << operation << ' ' << status;
        expect_nothing_left();
    }
}

}  // namespace
}  // namespace botbottle
