#include <gtest/gtest.h>

#include <QFile>

#include "bottles/trust_bundle.h"
#include "files/atomic_file.h"
#include "scratch.h"

namespace botbottle {
namespace {

TEST(TrustBundle, IsTheHostsRootsAndTheBottlesAuthority) {
    Scratch scratch;
    const QString folder = scratch / "";
    auto trusted = system_roots();
    ASSERT_TRUE(trusted);
    const auto written =
        write_trust_files(folder, std::move(*trusted), QStringLiteral("AUTHORITY\n"));
    ASSERT_TRUE(written);
    const std::string bundle = files::read_file(written->bundle.toStdString()).value();
    std::string roots;
    if (!system_roots_file().isEmpty())
        roots = files::read_file(system_roots_file().toStdString()).value();
    EXPECT_EQ(bundle, roots + "AUTHORITY\n");
    EXPECT_TRUE(QFile(written->bundle).permissions().testFlag(QFile::ReadOther));
    EXPECT_TRUE(QFile(written->java_store).permissions().testFlag(QFile::ReadOther));
}

}  // namespace
}  // namespace botbottle
