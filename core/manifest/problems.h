// Problems: everything that is wrong with one file, so that the operator mends it in one go.
#pragma once

#include <QString>
#include <QStringList>

#include "base/error.h"

namespace botbottle {

class Problems {
  public:
    explicit Problems(QString file) : file_(std::move(file)) {}

    // `path` is the key's path ("egress.routes[2].host"), empty for the file as a whole.
    void add(int line, const QString& path, const QString& message);

    // The same for another file: a merged bottle is made of several.
    void add_in(const QString& file, int line, const QString& path, const QString& message);

    bool empty() const { return count_ == 0; }

    // No more will be shown: what only makes a message nicer may be left out.
    bool full() const;

    const QString& file() const { return file_; }

    // "FILE:LINE: PATH: MESSAGE", one line each, the first twenty.
    tl::unexpected<Error> error(const char* code) const;

  private:
    QString file_;
    QStringList lines_;
    int count_ = 0;
};

}  // namespace botbottle
