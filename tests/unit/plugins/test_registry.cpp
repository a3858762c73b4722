// Which file answers for an id, what is loaded for it, and what is told about the rest.
#include <sys/stat.h>

#include <QFile>

#include "fixture.h"

namespace botbottle {
namespace {

const QString kSample = QStringLiteral("sample");
const QString kOther = QStringLiteral("other");

class Registry : public test::PluginDirectory {
  protected:
    static QString refusal_of(const QList<PluginReport>& reports, const QString& file) {
        for (const PluginReport& report : reports) {
            if (report.path.endsWith(file)) {
                return report.refused ? QString::fromStdString(report.refused->code) : QString();
            }
        }
        return QStringLiteral("not reported");
    }
};

TEST_F(Registry, LoadsOnlyWhatIsAskedFor) {
    install("good", QStringLiteral("provider-sample.so"));
    install("other", QStringLiteral("provider-other.so"));
    test::forget_loaded("sample");
    test::forget_loaded("other");
    PluginRegistry registry(places(), {});
    EXPECT_FALSE(test::was_loaded("sample"));
    ASSERT_TRUE(registry.provider(kSample));
    EXPECT_TRUE(test::was_loaded("sample"));
    EXPECT_FALSE(test::was_loaded("other"));
    EXPECT_EQ(registry.ids(PluginKind::Provider), QStringList({kOther, kSample}));
    EXPECT_TRUE(test::was_loaded("other"));
}

TEST_F(Registry, TheSamePluginIsLoadedOnce) {
    install("good", QStringLiteral("provider-sample.so"));
    PluginRegistry registry(places(), {});
    EXPECT_EQ(registry.provider(kSample).value(), registry.provider(kSample).value());
}

TEST_F(Registry, AFileThatIsNotCalledAfterItsPluginIsNotOpened) {
    install("good", QStringLiteral("whatever.so"));
    install("good", QStringLiteral("provider-.so"));
    install("good", QStringLiteral("provider-Sample.so"));
    test::forget_loaded("sample");
    PluginRegistry registry(places(), {});
    EXPECT_FALSE(registry.provider(kSample));
    const auto reports = registry.scan();
    ASSERT_EQ(reports.size(), 3);
    for (const PluginReport& report : reports) {
        EXPECT_EQ(report.refused.value().code, "misnamed");
        EXPECT_EQ(report.refused->hint, "call it provider-<id>.so or backend-<id>.so");
    }
    EXPECT_FALSE(test::was_loaded("sample"));
}

TEST_F(Registry, ANameThatTheDescriptorContradictsIsRefused) {
    install("good", QStringLiteral("provider-other.so"));
    install("good", QStringLiteral("backend-sample.so"));
    PluginRegistry registry(places(), {});
    EXPECT_EQ(registry.provider(kOther).error().code, "misnamed");
    EXPECT_EQ(registry.backend(kSample).error().message,
              path(QStringLiteral("backend-sample.so")).toStdString() +
                  ": it describes itself as the provider \"sample\"");
}

TEST_F(Registry, AnIdThatIsAPathFindsNothing) {
    install("good", QStringLiteral("provider-sample.so"));
    PluginRegistry registry(places(), {});
    EXPECT_FALSE(registry.provider(QStringLiteral("sample.so/../provider-sample")));
    EXPECT_FALSE(registry.provider(QString()));
}

TEST_F(Registry, OtherFilesAreLeftAlone) {
    QFile file(path(QStringLiteral("README")));
    ASSERT_TRUE(file.open(QIODevice::WriteOnly));
    PluginRegistry registry(places(), {});
    EXPECT_TRUE(registry.scan().isEmpty());
}

TEST_F(Registry, MissingDirectoriesAreEmptyOnes) {
    PluginRegistry registry(places({QStringLiteral("none")}), {});
    EXPECT_TRUE(registry.scan().isEmpty());
    const auto provider = registry.provider(kSample);
    ASSERT_FALSE(provider);
    EXPECT_EQ(provider.error().code, "unknown_plugin");
    EXPECT_EQ(provider.error().message, "there is no provider plugin \"sample\"");
    EXPECT_EQ(provider.error().hint, "none is installed");
}

TEST_F(Registry, AnUnknownIdGetsASuggestion) {
    install("good", QStringLiteral("provider-sample.so"));
    PluginRegistry registry(places(), {});
    const auto provider = registry.provider(QStringLiteral("smaple"));
    ASSERT_FALSE(provider);
    EXPECT_EQ(provider.error().message,
              "there is no provider plugin \"smaple\"; did you mean \"sample\"?");
    EXPECT_EQ(provider.error().hint, "installed: sample");
}

TEST_F(Registry, KindsHaveIdsOfTheirOwn) {
    install("good", QStringLiteral("provider-sample.so"));
    PluginRegistry registry(places(), {});
    const auto backend = registry.backend(kSample);
    ASSERT_FALSE(backend);
    EXPECT_EQ(backend.error().message, "there is no backend plugin \"sample\"");
}

// The first directory wins, and scan() agrees.
TEST_F(Registry, TheFirstOfAnIdWins) {
    make_directory(QStringLiteral("first"));
    make_directory(QStringLiteral("second"));
    install("good", QStringLiteral("first/provider-sample.so"));
    install("good", QStringLiteral("second/provider-sample.so"));
    PluginRegistry registry(places({QStringLiteral("first"), QStringLiteral("second")}), {});
    ASSERT_TRUE(registry.provider(kSample));
    const auto reports = registry.scan();
    ASSERT_EQ(reports.size(), 2);
    EXPECT_EQ(refusal_of(reports, QStringLiteral("first/provider-sample.so")), QString());
    EXPECT_EQ(refusal_of(reports, QStringLiteral("second/provider-sample.so")),
              QStringLiteral("duplicate_id"));
    for (const PluginReport& report : reports) {
        if (!report.refused) continue;
        EXPECT_NE(
            report.refused->message.find(
                "is taken by " + path(QStringLiteral("first/provider-sample.so")).toStdString()),
            std::string::npos)
            << report.refused->message;
    }
}

TEST_F(Registry, ARefusedFileDoesNotHideAGoodOne) {
    make_directory(QStringLiteral("first"));
    make_directory(QStringLiteral("second"));
    install("wrong_major", QStringLiteral("first/provider-sample.so"));
    install("good", QStringLiteral("second/provider-sample.so"));
    PluginRegistry registry(places({QStringLiteral("first"), QStringLiteral("second")}), {});
    EXPECT_TRUE(registry.provider(kSample));
    EXPECT_EQ(refusal_of(registry.scan(), QStringLiteral("first/provider-sample.so")),
              QStringLiteral("wrong_major"));
}

TEST_F(Registry, TheReasonOfARefusalReachesWhoAsksForTheId) {
    const QString file = install("good", QStringLiteral("provider-sample.so"));
    ASSERT_EQ(chmod(QFile::encodeName(file).constData(), 0777), 0);
    PluginRegistry registry(places(), {});
    const auto provider = registry.provider(kSample);
    ASSERT_FALSE(provider);
    EXPECT_EQ(provider.error().code, "file_writable");
}

TEST_F(Registry, ADirectoryThatOthersCanWriteIsReported) {
    make_directory(QStringLiteral("open"));
    install("good", QStringLiteral("open/provider-sample.so"));
    ASSERT_EQ(chmod(QFile::encodeName(path(QStringLiteral("open"))).constData(), 0777), 0);
    test::forget_loaded("sample");
    PluginRegistry registry(places({QStringLiteral("open")}), {});
    EXPECT_FALSE(registry.provider(kSample));
    const auto reports = registry.scan();
    ASSERT_EQ(reports.size(), 1);
    EXPECT_EQ(reports[0].refused.value().code, "directory_writable");
    EXPECT_FALSE(test::was_loaded("sample"));
}

TEST_F(Registry, AllowNamesWhatMayBeUsed) {
    install("good", QStringLiteral("provider-sample.so"));
    install("other", QStringLiteral("provider-other.so"));
    PluginPlaces some = places();
    some.allow = QStringList{kOther};
    test::forget_loaded("sample");
    PluginRegistry registry(some, {});
    const auto refused = registry.provider(kSample);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "not_allowed");
    EXPECT_TRUE(registry.provider(kOther));
    EXPECT_EQ(registry.ids(PluginKind::Provider), QStringList(kOther));
    EXPECT_FALSE(test::was_loaded("sample")) << "code of a plugin ran that is not allowed";
}

TEST_F(Registry, RelativeDirectoriesAreRefused) {
    const PluginPlaces defaults =
        default_plugin_places(QStringLiteral("/home/x/.bot-bottle"), QStringLiteral("/a/b/:rel"));
    ASSERT_EQ(defaults.directories.size(), 4);
    EXPECT_EQ(defaults.directories[0], QStringLiteral("/a/b"));
    EXPECT_EQ(defaults.directories[1], QStringLiteral("rel"));
    EXPECT_EQ(defaults.directories[2], QStringLiteral("/home/x/.bot-bottle/plugins"));
    EXPECT_EQ(defaults.directories[3],
              QStringLiteral(BOTBOTTLE_BUILT_PLUGINS));  // <bin>/../lib/botbottle/plugins
    PluginPlaces relative;
    relative.directories = {QStringLiteral("rel")};
    const auto reports = PluginRegistry(relative, {}).scan();
    ASSERT_EQ(reports.size(), 1);
    EXPECT_EQ(reports[0].refused.value().message, "rel is not an absolute path");
}

}  // namespace
}  // namespace botbottle
