// A backend's operations may take long, but not without a sign of life.
#include <fcntl.h>

#include <QFile>
#include <atomic>

#include "fixture.h"
#include "plugins/loaded_plugin.h"

namespace botbottle {
namespace {

using namespace std::chrono_literals;

class Hanging : public test::PluginDirectory {
  protected:
    void SetUp() override {
        const QString file = install("hanging", QStringLiteral("backend-hanging.so"));
        host_.cancelled = [this] { return cancelled_.load(); };
        host_.progress = [this](const QString&, const QJsonObject&) { ++told_; };
        auto loaded = LoadedPlugin::load(
            UniqueFd(open(QFile::encodeName(file).constData(), O_RDONLY | O_CLOEXEC)), file);
        ASSERT_TRUE(loaded) << loaded.error().message;
        ASSERT_TRUE((*loaded)->start(host_));
        backend_.emplace(*loaded, BackendLimits{2s, 3s, 1h, 2s});
    }

    std::atomic<bool> cancelled_ = false;
    std::atomic<int> told_ = 0;
    PluginHost host_;
    std::optional<BackendPlugin> backend_;
};

TEST_F(Hanging, ASignOfLifeIsEnough) {
    const auto reply = backend_->probe({});
    EXPECT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(told_, 10);
}

TEST_F(Hanging, WhatGivesNoneIsGivenUpByName) {
    const auto reply = backend_->launch({});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, "plugin_hangs");
    EXPECT_EQ(reply.error().message, "plugin hanging: launch did not return within 3 s");
    const auto next = backend_->stop({});
    ASSERT_FALSE(next) << "its thread is not to be had any more";
    EXPECT_EQ(next.error().message, "plugin hanging: stop was not called: it hung before");
    EXPECT_NE(next.error().hint, "");
    cancelled_ = true;
}

TEST_F(Hanging, AQuestionIsGivenLessTimeThanAnAction) {
    EXPECT_EQ(backend_->list({}).error().message, "plugin hanging: list did not return within 2 s");
}

TEST_F(Hanging, AnInterruptEndsWhatHeedsIt) {
    cancelled_ = true;
    EXPECT_TRUE(backend_->launch({}));
    EXPECT_TRUE(backend_->prepare({}));
}

}  // namespace
}  // namespace botbottle
