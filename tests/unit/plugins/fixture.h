// A plugin directory of the test's own, filled with copies of the samples.
#pragma once

#include <gtest/gtest.h>

#include <QString>
#include <QTemporaryDir>

#include "plugins/registry.h"

namespace botbottle::test {

class PluginDirectory : public ::testing::Test {
  protected:
    // A copy of tests/plugins/<sample>.so under `name`, below the directory, mode 0755.
    QString install(const char* sample, const QString& name) const;
    QString path(const QString& name) const { return directory_.path() + QLatin1Char('/') + name; }
    void make_directory(const QString& name) const;

    PluginPlaces places(const QStringList& names = {QStringLiteral(".")}) const;
    static PluginReport inspect(const QString& file);

    QTemporaryDir directory_;
};

// Whether a sample of that id was loaded since forget_loaded().
bool was_loaded(const char* id);
void forget_loaded(const char* id);

}  // namespace botbottle::test
