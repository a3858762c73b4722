// The three shells' scripts. Each holds the whole tree of commands and options; names of agents,
// bottles and so on are asked for when they are needed.
#include "cli/command_description.h"

namespace botbottle::cli {
namespace {

// In single quotes of a POSIX shell.
QString quoted_word(QString text) {
    text.replace(QLatin1Char('\''), QStringLiteral("'\\''"));
    return QLatin1Char('\'') + text + QLatin1Char('\'');
}

// In single quotes of fish, which knows the backslash there.
QString fish_word(QString text) {
    text.replace(QLatin1Char('\\'), QStringLiteral("\\\\"));
    text.replace(QLatin1Char('\''), QStringLiteral("\\'"));
    return QLatin1Char('\'') + text + QLatin1Char('\'');
}

QString names_command(const QString& kind) {
    return QStringLiteral("botbottle completion names %1 2>/dev/null").arg(kind);
}

template <typename Visit>
void each_command(const CommandDescription& command, const QString& path, const Visit& visit) {
    visit(command, path);
    for (const CommandDescription& sub : command.commands)
        each_command(sub, path + QLatin1Char(' ') + sub.name, visit);
}

QStringList option_names(const CommandDescription& command) {
    QStringList names;
    for (const OptionDescription& option : command.options) {
        if (!option.positional) names += option.names;
    }
    return names;
}

// Words that may stand next: subcommands, or what the first positional may be.
QStringList fixed_words(const CommandDescription& command) {
    QStringList words;
    for (const CommandDescription& sub : command.commands)
        words += sub.name;
    for (const OptionDescription& option : command.options) {
        if (option.positional) words += option.choices;
    }
    return words;
}

QString positional_kind(const CommandDescription& command) {
    for (const OptionDescription& option : command.options) {
        if (option.positional) return value_kind(option.names[0]);
    }
    return {};
}

// `path` is where the words before the cursor lead; both bash and zsh have the same case
// statements.
QString bash(const CommandDescription& program) {
    QString paths;
    QString values;
    QString words;
    each_command(
        program, program.name, [&](const CommandDescription& command, const QString& path) {
            for (const CommandDescription& sub : command.commands)
                paths += QStringLiteral("            \"%1 %2\") path=\"%1 %2\" ;;\n")
                             .arg(path, sub.name);
            for (const OptionDescription& option : command.options) {
                if (option.positional || !option.takes_value) continue;
                const QString kind = value_kind(option.names[0]);
                const QString from =
                    !option.choices.isEmpty()
                        ? QStringLiteral("words=\"%1\"").arg(option.choices.join(u' '))
                    : kind.isEmpty() || kind == QLatin1String("files")
                        ? QStringLiteral("words=\"\"")
                        : QStringLiteral("words=\"$(%1)\"").arg(names_command(kind));
                for (const QString& name : option.names)
                    values +=
                        QStringLiteral("        \"%1 %2\") %3; value=1 ;;\n").arg(path, name, from);
            }
            const QString kind = positional_kind(command);
            QString line = QStringLiteral("words=\"%1\"").arg(fixed_words(command).join(u' '));
            if (kind == QLatin1String("files"))
                line += QStringLiteral("; files=1");
            else if (!kind.isEmpty())
                line += QStringLiteral("; words+=\" $(%1)\"").arg(names_command(kind));
            words += QStringLiteral("        \"%1\") %2; options=\"%3\" ;;\n")
                         .arg(path, line, option_names(command).join(u' '));
        });
    return QStringLiteral(R"(# bash completion of botbottle; made from its own definitions.
_botbottle() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
    local path="botbottle" words="" options="" value="" files="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -- ]] && return
        case "$path ${COMP_WORDS[i]}" in
%1        esac
    done
    case "$path $previous" in
%2    esac
    if [[ -z $value ]]; then
        case "$path" in
%3        esac
        [[ $current == -* ]] && words="$options"
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    if [[ -n $files ]]; then mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current"); fi
}
complete -o bashdefault -o default -F _botbottle botbottle
)")
        .arg(paths, values, words);
}

QString zsh(const CommandDescription& program) {
    QString paths;
    QString values;
    QString words;
    // A description is what follows the first colon of a word.
    const auto described = [](QString name, const QString& help) {
        name.replace(QLatin1Char(':'), QStringLiteral("\\:"));
        return quoted_word(name + QLatin1Char(':') + help);
    };
    const auto names_of = [](const QString& kind) {
        if (kind == QLatin1String("files")) return QStringLiteral("files=1");
        return QStringLiteral("words+=(${(f)\"$(%1)\"})").arg(names_command(kind));
    };
    const auto choices_of = [](const OptionDescription& option) {
        QStringList choices;
        for (const QString& choice : option.choices)
            choices += quoted_word(choice);
        return choices;
    };
    each_command(
        program, program.name, [&](const CommandDescription& command, const QString& path) {
            for (const CommandDescription& sub : command.commands)
                paths +=
                    QStringLiteral("            \"%1 %2\") at=\"%1 %2\" ;;\n").arg(path, sub.name);
            QStringList options;
            QStringList fixed;
            for (const OptionDescription& option : command.options) {
                if (option.positional) {
                    fixed += choices_of(option);
                    continue;
                }
                for (const QString& name : option.names)
                    options += described(name, option.help);
                if (!option.takes_value) continue;
                const QString kind = value_kind(option.names[0]);
                QString from = QStringLiteral("words=(%1)").arg(choices_of(option).join(u' '));
                if (!kind.isEmpty()) from += QStringLiteral("; ") + names_of(kind);
                for (const QString& name : option.names)
                    values +=
                        QStringLiteral("        \"%1 %2\") %3; value=1 ;;\n").arg(path, name, from);
            }
            for (const CommandDescription& sub : command.commands)
                fixed += described(sub.name, sub.help);
            const QString kind = positional_kind(command);
            const QString names = kind.isEmpty() ? QStringLiteral(":") : names_of(kind);
            words += QStringLiteral("        \"%1\") words=(%2); options=(%3); %4 ;;\n")
                         .arg(path, fixed.join(u' '), options.join(u' '), names);
        });
    return QStringLiteral(R"(#compdef botbottle
# zsh completion of botbottle; made from its own definitions.
_botbottle() {
    local at="botbottle" files="" value="" word
    local -a words_before=("${(@)words[2,CURRENT-1]}") options
    local current="$words[CURRENT]" previous="$words[CURRENT-1]"
    local -a words
    for word in "${words_before[@]}"; do
        [[ $word == -- ]] && { _files; return }
        case "$at $word" in
%1        esac
    done
    case "$at $previous" in
%2    esac
    if [[ -z $value ]]; then
        case "$at" in
%3        esac
        if [[ $current == -* ]]; then
            _describe -o option options
            return
        fi
    fi
    [[ -n $files ]] && _files
    (( ${#words} )) && _describe word words
}
compdef _botbottle botbottle
)")
        .arg(paths, values, words);
}

// fish has no tree: a line holds where the commands before the cursor are these and none below.
QString fish(const CommandDescription& program) {
    QString lines = QStringLiteral(
        "# fish completion of botbottle; made from its own definitions.\n"
        "complete -c botbottle -f\n");
    each_command(
        program, program.name, [&](const CommandDescription& command, const QString& path) {
            QStringList seen = path.split(u' ').mid(1);
            QStringList below;
            for (const CommandDescription& sub : command.commands)
                below += sub.name;
            QStringList conditions;
            for (const QString& word : seen)
                conditions += QStringLiteral("__fish_seen_subcommand_from ") + word;
            if (!below.isEmpty())
                conditions += QStringLiteral("not __fish_seen_subcommand_from ") + below.join(u' ');
            const QString when =
                QStringLiteral("complete -c botbottle -n ") +
                fish_word(conditions.isEmpty() ? QStringLiteral("true")
                                               : conditions.join(QStringLiteral("; and ")));
            for (const CommandDescription& sub : command.commands)
                lines +=
                    QStringLiteral("%1 -a %2 -d %3\n").arg(when, sub.name, fish_word(sub.help));
            for (const OptionDescription& option : command.options) {
                const QString kind = value_kind(option.names[0]);
                QString values;
                if (!option.choices.isEmpty())
                    values = QStringLiteral(" -a ") + fish_word(option.choices.join(u' '));
                else if (kind == QLatin1String("files"))
                    values = QStringLiteral(" -F");
                else if (!kind.isEmpty())
                    values = QStringLiteral(" -a ") +
                             fish_word(QLatin1Char('(') + names_command(kind) + QLatin1Char(')'));
                if (option.positional) {
                    if (!values.isEmpty()) lines += when + values + QLatin1Char('\n');
                    continue;
                }
                QString line = when;
                for (const QString& name : option.names)
                    line += name.startsWith(QLatin1String("--"))
                                ? QStringLiteral(" -l ") + name.mid(2)
                                : QStringLiteral(" -s ") + name.mid(1);
                if (option.takes_value) line += QStringLiteral(" -x") + values;
                lines += line + QStringLiteral(" -d ") + fish_word(option.help) + QLatin1Char('\n');
            }
        });
    return lines;
}

}  // namespace

QString value_kind(const QString& name) {
    static constexpr struct {
        const char* name;
        const char* kind;
    } kKinds[] = {{"agent", "agents"},         {"--bottle", "bottles"}, {"identity", "identities"},
                  {"name", "names"},           {"id", "plugins"},       {"--backend", "backends"},
                  {"--provider", "providers"}, {"file", "files"}};
    for (const auto& each : kKinds) {
        if (name == QLatin1String(each.name)) return QLatin1String(each.kind);
    }
    return {};
}

QString completion_script(const CommandDescription& program, Shell shell) {
    switch (shell) {
        case Shell::Bash:
            return bash(program);
        case Shell::Zsh:
            return zsh(program);
        case Shell::Fish:
            break;
    }
    return fish(program);
}

}  // namespace botbottle::cli
