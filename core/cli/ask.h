// Questions to the operator. None is asked with --no-input: the command fails and says what it
// would have asked.
#pragma once

#include <QString>
#include <QStringList>
#include <functional>

#include "base/error.h"
#include "base/secret.h"

namespace botbottle::cli {

class Operator {
  public:
    explicit Operator(bool no_input) : no_input_(no_input) {}

    // "botbottle: <question> [y/N] "; no is the default. Without anybody who answers:
    // "needs_an_answer", with `instead` as the hint.
    Result<bool> confirm(const QString& question, const QString& instead) const;

    // By number or by name.
    Result<QString> pick(const QString& what, const QStringList& choices,
                         const QString& instead) const;

    // A line; an empty one means `fallback`. Asked again until `refusal` of it is empty, which else
    // is told.
    Result<QString> text(const QString& question, const QString& fallback,
                         const std::function<QString(const QString&)>& refusal,
                         const QString& instead) const;

    // Without echo.
    Result<Secret> secret(const QString& name, const QString& prompt) const;

  private:
    bool no_input_;
};

}  // namespace botbottle::cli
