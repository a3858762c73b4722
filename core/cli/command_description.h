// The command line as plain values, for what is made of it: completions and the manual page. The
// parser's own definitions (command_line.cpp) are the only source.
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

namespace botbottle::cli {

struct OptionDescription {
    QStringList names;  // "--backend", "-v"; a positional has its bare name alone
    QString help;
    QStringList choices;  // the words that it may be; empty: any
    bool positional = false;
    bool takes_value = false;
    bool required = false;
};

struct CommandDescription {
    QString name;
    QString help;
    QString example;
    QList<OptionDescription> options;
    QList<CommandDescription> commands;
};

// What may stand for a positional or for an option's value: a kind of `botbottle completion names
// KIND`, "files", or an empty string.
QString value_kind(const QString& name);

enum class Shell { Bash, Zsh, Fish };
QString completion_script(const CommandDescription& program, Shell shell);

// roff, section 1.
QString manual_page(const CommandDescription& program, const QString& version);

}  // namespace botbottle::cli
