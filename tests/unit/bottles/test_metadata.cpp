#include <gtest/gtest.h>

#include <QDir>
#include <QJsonDocument>
#include <cstdlib>

#include "bottles/metadata.h"
#include "scratch.h"

namespace botbottle {
namespace {

class MetadataTest : public ::testing::Test {
  protected:
    void SetUp() override {
        setenv("BOT_BOTTLE_HOME", scratch_.path().toLocal8Bit().constData(), 1);
        home_ = Home::locate().value();
        ASSERT_TRUE(home_->make());
    }
    void TearDown() override { unsetenv("BOT_BOTTLE_HOME"); }

    Metadata sample(const char* identity) {
        Metadata m;
        m.identity = QLatin1String(identity);
        m.phase = BottlePhase::Running;
        m.created =
            QDateTime::fromString(QStringLiteral("2026-11-20T12:00:00.250Z"), Qt::ISODateWithMs);
        m.agent = QStringLiteral("reviewer");
        m.backend = QStringLiteral("bubblewrap");
        m.label = QStringLiteral("ünïcode\n");
        m.state_dir = home_->state(m.identity);
        m.runtime_dir = QStringLiteral("/run/x");
        m.handle = {{QStringLiteral("pid"), 12}};
        m.environment = {{QStringLiteral("A"), QStringLiteral("b")}};
        m.warden = {4711, 123456789012};
        m.exit_code = 3;
        m.generation = 4;
        EXPECT_TRUE(QDir().mkpath(m.state_dir));
        return m;
    }

    Scratch scratch_;
    std::optional<Home> home_;
};

TEST_F(MetadataTest, SurvivesItsFile) {
    const Metadata saved = sample("reviewer-abcde");
    ASSERT_TRUE(save_metadata(saved));
    const auto loaded = load_metadata(*home_, saved.identity);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(metadata_to_json(*loaded), metadata_to_json(saved));
    EXPECT_EQ(loaded->warden.start_time, 123456789012);
    EXPECT_EQ(loaded->exit_code, 3);
    EXPECT_EQ(loaded->generation, 4);
}

TEST_F(MetadataTest, OneThatIsNotThereOrNoNameIsUnknown) {
    for (const char* identity : {"reviewer-abcde", "../../etc/passwd", ""})
        EXPECT_EQ(load_metadata(*home_, QLatin1String(identity)).error().code, "unknown_identity")
            << identity;
}

TEST_F(MetadataTest, RefusesWhatItDidNotWrite) {
    const Metadata saved = sample("reviewer-abcde");
    const auto with = [&](const char* key, const QJsonValue& value) {
        QJsonObject object = metadata_to_json(saved);
        object[QLatin1String(key)] = value;
        return metadata_from_json(object);
    };
    EXPECT_TRUE(metadata_from_json(metadata_to_json(saved)));
    EXPECT_FALSE(metadata_from_json({}));
    EXPECT_FALSE(with("schema", QStringLiteral("botbottle.bottle/2")));
    EXPECT_FALSE(with("phase", QStringLiteral("levitating")));
    EXPECT_FALSE(with("identity", QStringLiteral("../escape-12345")));
}

TEST_F(MetadataTest, RefusesTheFileOfAnotherBottle) {
    Metadata saved = sample("reviewer-abcde");
    saved.identity = QStringLiteral("reviewer-zzzzz");
    ASSERT_TRUE(save_metadata(saved));
    EXPECT_EQ(load_metadata(*home_, QStringLiteral("reviewer-abcde")).error().code, "bad_metadata");
}

TEST_F(MetadataTest, ListsByTimeThenNameAndNamesTheDamaged) {
    Metadata late = sample("a-00001");
    late.created = late.created.addSecs(5);
    ASSERT_TRUE(save_metadata(late));
    ASSERT_TRUE(save_metadata(sample("c-00003")));
    ASSERT_TRUE(save_metadata(sample("b-00002")));
    scratch_.file("state/d-00004/metadata.json", "{\"schema\":");
    scratch_.file("state/not a bottle/metadata.json", "{}");
    const MetadataListing listing = list_metadata(*home_);
    QStringList order;
    for (const Metadata& m : listing.bottles)
        order << m.identity;
    EXPECT_EQ(order.join(QLatin1Char(' ')).toStdString(), "b-00002 c-00003 a-00001");
    ASSERT_EQ(listing.unreadable.size(), 1);
    EXPECT_EQ(listing.unreadable[0].identity.toStdString(), "d-00004");
}

}  // namespace
}  // namespace botbottle
