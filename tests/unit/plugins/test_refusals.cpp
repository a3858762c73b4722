// docs/plugin-abi.md, "What is refused", line by line, each with a library or a file that is so.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QDir>
#include <QFile>

#include "fixture.h"

namespace botbottle {
namespace {

class Refusals : public test::PluginDirectory {
  protected:
    static void expect(const PluginReport& report, const char* code, const std::string& part) {
        ASSERT_TRUE(report.refused) << "accepted: " << report.path.toStdString();
        EXPECT_EQ(report.refused->code, code) << report.refused->message;
        EXPECT_NE(report.refused->message.find(part), std::string::npos) << report.refused->message;
        EXPECT_NE(report.refused->message.find(report.path.toStdString()), std::string::npos)
            << report.refused->message;
    }
    static void set_mode(const QString& path, mode_t mode) {
        ASSERT_EQ(chmod(QFile::encodeName(path).constData(), mode), 0);
    }
};

TEST_F(Refusals, AGoodOneIsAccepted) {
    const auto report = inspect(install("good", QStringLiteral("good.so")));
    ASSERT_FALSE(report.refused) << report.refused->message;
    EXPECT_EQ(report.descriptor->id, QStringLiteral("sample"));
}

TEST_F(Refusals, WhatTheLibraryIs) {
    struct Row {
        const char* sample;
        const char* code;
        const char* part;
    };
    const Row rows[] = {
        {"no_entry", "no_entry", "it does not export botbottle_plugin"},
        {"wrong_major", "wrong_major", "built for plugin ABI 2, this botbottle has 1"},
        {"short_entry", "short_entry", "its entry has 8 bytes, at least 32 are needed"},
        {"no_describe", "missing_function", "its entry lacks describe"},
        {"no_create", "missing_function", "its entry lacks create"},
        {"describes_null", "bad_descriptor", "describes itself with nothing"},
        {"describes_no_json", "bad_descriptor", "descriptor: not JSON"},
        {"describes_nothing", "bad_descriptor", "\"schema\": missing"},
        {"bad_id", "bad_descriptor", "\"id\": found \"../evil\", expected [a-z][a-z0-9-]*"},
        {"no_table", "missing_table", "lacks a function of the table that a provider must have"},
        {"short_table", "missing_table", "lacks a function of the table that a provider must have"},
        {"no_command_line", "missing_table",
         "lacks a function of the table that a provider must have"},
        {"create_fails", "no_license", "not today"},
        {"short_instance", "bad_instance", "made an incomplete instance"},
        {"unresolved", "not_loadable", "botbottle_no_such_function"},
    };
    for (const Row& row : rows) {
        expect(
            inspect(install(row.sample, QString::fromLatin1(row.sample) + QStringLiteral(".so"))),
            row.code, row.part);
    }
}

TEST_F(Refusals, WhatIsNoLibrary) {
    QFile text(path(QStringLiteral("text.so")));
    ASSERT_TRUE(text.open(QIODevice::WriteOnly));
    text.write("not an ELF file\n");
    text.close();
    expect(inspect(text.fileName()), "not_loadable", "text.so");

    QFile empty(path(QStringLiteral("empty.so")));
    ASSERT_TRUE(empty.open(QIODevice::WriteOnly));
    empty.close();
    expect(inspect(empty.fileName()), "not_loadable", "empty.so");

    expect(inspect(path(QStringLiteral("missing.so"))), "file_missing", "missing.so");
}

TEST_F(Refusals, FilesThatOthersCanWrite) {
    const QString file = install("good", QStringLiteral("good.so"));
    for (const mode_t mode : {0775, 0757, 0777, 0722}) {
        set_mode(file, mode);
        expect(inspect(file), "file_writable", "can be written by someone other than you");
    }
    set_mode(file, 0755);
    EXPECT_FALSE(inspect(file).refused);
}

TEST_F(Refusals, DirectoriesThatOthersCanWrite) {
    make_directory(QStringLiteral("above/inner"));
    const QString file = install("good", QStringLiteral("above/inner/good.so"));
    ASSERT_FALSE(inspect(file).refused);
    struct Row {
        const char* directory;
        mode_t mode;
        bool refused;
    };
    const Row rows[] = {
        {"above/inner", 0775, true},  {"above/inner", 0757, true},
        {"above/inner", 01777, true},  // sticky helps only above
        {"above", 0775, true},        {"above", 0757, true},
        {"above", 01777, false},      {"above", 01775, false},
    };
    for (const Row& row : rows) {
        const QString directory = path(QString::fromLatin1(row.directory));
        set_mode(directory, row.mode);
        const auto report = inspect(file);
        EXPECT_EQ(report.refused.has_value(), row.refused)
            << row.directory << ' ' << std::oct << row.mode;
        if (report.refused) {
            EXPECT_EQ(report.refused->code, "directory_writable");
            EXPECT_EQ(report.refused->hint, "chmod go-w '" + directory.toStdString() + "'");
        }
        set_mode(directory, 0755);
    }
}

TEST_F(Refusals, FilesAndDirectoriesOfOthers) {
    if (geteuid() != 0)
        GTEST_SKIP() << "only root can give files away; test_trusted_file covers the rule";
    make_directory(QStringLiteral("above/inner"));
    const QString file = install("good", QStringLiteral("above/inner/good.so"));
    const auto give = [](const QString& what, uid_t user) {
        ASSERT_EQ(chown(QFile::encodeName(what).constData(), user, user), 0);
    };
    give(file, 64123);
    expect(inspect(file), "file_foreign", "belongs to someone else");
    give(file, 0);
    for (const char* name : {"above", "above/inner"}) {
        const QString directory = path(QString::fromLatin1(name));
        give(directory, 64123);
        EXPECT_EQ(inspect(file).refused.value().code, "directory_foreign") << name;
        give(directory, 0);
    }
    EXPECT_FALSE(inspect(file).refused);
}

TEST_F(Refusals, WhatIsNoRegularFile) {
    install("good", QStringLiteral("good.so"));
    ASSERT_TRUE(QFile::link(path(QStringLiteral("good.so")), path(QStringLiteral("link.so"))));
    ASSERT_EQ(mkfifo(QFile::encodeName(path(QStringLiteral("pipe.so"))).constData(), 0600), 0);
    make_directory(QStringLiteral("directory.so"));
    for (const char* name : {"link.so", "pipe.so", "directory.so"}) {
        expect(inspect(path(QString::fromLatin1(name))), "not_a_regular_file", name);
    }
}

}  // namespace
}  // namespace botbottle
