// How progress looks: one line that is rewritten on a terminal, plain lines now and then elsewhere.
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "cli/messages.h"

namespace botbottle::cli {
namespace {

// What `body` writes to descriptor 2, in a process of its own: messages remember what is shown.
std::string written_by(void (*body)(), bool terminal) {
    int ends[2] = {-1, -1};
    if (terminal ? openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) != 0 : pipe(ends) != 0)
        return "no terminal can be made";
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        set_up_messages(false);
        body();
        std::fflush(stderr);
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    char buffer[512];
    for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(count));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    return text;
}

TEST(Progress, OnATerminalOneLineIsRewrittenAndGoneBeforeAMessage) {
    const auto body = [] {
        show_progress(QStringLiteral("copying: 1 file"));
        show_progress(QStringLiteral("copying: 2 files"));
        say(QStringLiteral("copied"));
        say(QStringLiteral("done"));
    };
    EXPECT_EQ(written_by(body, true),
              "\r\033[Kbotbottle: copying: 1 file\r\033[Kbotbottle: copying: 2 files\r\033[K"
              "botbottle: copied\r\nbotbottle: done\r\n");
}

TEST(Progress, ElsewhereItIsALineNowAndThen) {
    const auto body = [] {
        for (int i = 0; i < 1000; ++i)
            show_progress(QStringLiteral("copying: %1 files").arg(i));
        warn(QStringLiteral("a file was left out"));
    };
    EXPECT_EQ(written_by(body, false),
              "botbottle: copying: 0 files\nbotbottle: warning: a file was left out\n");
}

TEST(Progress, WhatAPluginSaysDoesNotDriveTheTerminal) {
    EXPECT_EQ(written_by([] { show_progress(QStringLiteral("step \x1b[2J\x07")); }, true),
              "\r\033[Kbotbottle: step \\u001b[2J\\u0007");
}

}  // namespace
}  // namespace botbottle::cli
