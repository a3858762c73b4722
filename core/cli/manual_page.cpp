// botbottle(1), from the definitions of the command line.
#include "cli/command_description.h"

namespace botbottle::cli {
namespace {

// Text of a paragraph: nothing in it is a request or an escape.
QString roff(QString text) {
    text.replace(QLatin1Char('\\'), QStringLiteral("\\e"));
    text.replace(QLatin1Char('-'), QStringLiteral("\\-"));
    if (text.startsWith(QLatin1Char('.')) || text.startsWith(QLatin1Char('\'')))
        text.prepend(QStringLiteral("\\&"));
    return text;
}

QString bold(const QString& text) {
    return QStringLiteral("\\fB%1\\fR").arg(roff(text));
}
QString italic(const QString& text) {
    return QStringLiteral("\\fI%1\\fR").arg(roff(text));
}

QString synopsis(const CommandDescription& command, const QString& path) {
    QStringList parts = {bold(path)};
    for (const OptionDescription& option : command.options) {
        QString part =
            option.positional ? italic(option.names[0].toUpper()) : bold(option.names[0]);
        if (!option.positional && option.takes_value)
            part += QLatin1Char(' ') + italic(QStringLiteral("VALUE"));
        parts += option.required ? part : QLatin1Char('[') + part + QLatin1Char(']');
    }
    return parts.join(QLatin1Char(' '));
}

void describe(const CommandDescription& command, const QString& path, QString& page) {
    if (command.commands.isEmpty()) {
        page += QStringLiteral(".SS %1\n%2\n.PP\n%3.\n")
                    .arg(roff(path), synopsis(command, path), roff(command.help));
        for (const OptionDescription& option : command.options) {
            QStringList names;
            for (const QString& name : option.names)
                names += option.positional ? italic(name.toUpper()) : bold(name);
            page += QStringLiteral(".TP\n%1\n%2.\n")
                        .arg(names.join(QStringLiteral(", ")), roff(option.help));
        }
        if (!command.example.isEmpty())
            page += QStringLiteral(".PP\nExample:\n.PP\n.RS 4\n.nf\n%1\n.fi\n.RE\n")
                        .arg(roff(command.example));
    }
    for (const CommandDescription& sub : command.commands)
        describe(sub, path + QLatin1Char(' ') + sub.name, page);
}

}  // namespace

QString manual_page(const CommandDescription& program, const QString& version) {
    QString page = QStringLiteral(
                       ".TH BOTBOTTLE 1 \"\" \"botbottle %1\" \"User Commands\"\n"
                       ".SH NAME\nbotbottle \\- run coding agents with full permissions, "
                       "and nothing to leak\n"
                       ".SH SYNOPSIS\n%2 %3 [...]\n.SH DESCRIPTION\n%4\n.SH COMMANDS\n")
                       .arg(roff(version), bold(program.name), italic(QStringLiteral("COMMAND")),
                            roff(program.help));
    for (const CommandDescription& command : program.commands)
        describe(command, program.name + QLatin1Char(' ') + command.name, page);
    page += QStringLiteral(
        ".SH EXIT STATUS\n"
        "0 done; 1 failed; 2 wrong usage; 3 a manifest or the settings are invalid; 4 no usable "
        "backend; "
        "125 botbottle failed before the agent ran; 130 interrupted; otherwise the agent's own.\n"
        ".SH ENVIRONMENT\n"
        ".TP\n\\fBBOT_BOTTLE_HOME\\fR\nWhere bottles, agents, settings and state are kept, instead "
        "of "
        "~/.bot\\-bottle.\n"
        ".TP\n\\fBBOT_BOTTLE_BACKEND\\fR and others\nA setting each; `botbottle config` shows them "
        "all.\n"
        ".TP\n\\fBVISUAL\\fR, \\fBEDITOR\\fR\nWhat `botbottle edit` opens a file with.\n"
        ".TP\n\\fBBOTBOTTLE_LOG\\fR\nWith the value debug, say more on stderr.\n"
        ".SH FILES\n"
        ".TP\n~/.bot\\-bottle/bottles/NAME.md\nA bottle: what may leave, and with which "
        "credential.\n"
        ".TP\n~/.bot\\-bottle/agents/NAME.md\nAn agent: a prompt, skills, and the bottle that it "
        "runs in.\n"
        ".TP\n~/.bot\\-bottle/settings.yaml\nSettings of this host.\n");
    return page;
}

}  // namespace botbottle::cli
