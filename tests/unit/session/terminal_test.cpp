#include "session/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <string>

#include "control/descriptor.h"

namespace botbottle::session {
namespace {

using control::Descriptor;

class Terminals : public ::testing::Test {
  protected:
    void SetUp() override {
        int master = -1;
        int slave = -1;
        ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
        master_.reset(master);
        slave_.reset(slave);
    }

    bool can_read() const {
        pollfd polled = {slave_.get(), POLLIN, 0};
        return poll(&polled, 1, 0) == 1;
    }

    void type(std::string_view keys) const {
        ASSERT_EQ(write(master_.get(), keys.data(), keys.size()),
                  static_cast<ssize_t>(keys.size()));
    }

    std::string shown() const {
        std::string text(4096, '\0');
        const ssize_t size = read(master_.get(), text.data(), text.size());
        text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, size)));
        return text;
    }

    Descriptor master_;
    Descriptor slave_;
};

TEST_F(Terminals, AreGivenBackAsTheyWere) {
    termios before = {};
    ASSERT_EQ(tcgetattr(slave_.get(), &before), 0);
    Terminal terminal(slave_.get(), slave_.get());
    terminal.make_raw();
    termios raw = {};
    tcgetattr(slave_.get(), &raw);
    EXPECT_EQ(raw.c_lflag & (ECHO | ICANON | ISIG), 0u);
    terminal.make_raw();  // as after a stop
    terminal.restore();
    termios after = {};
    tcgetattr(slave_.get(), &after);
    EXPECT_EQ(after.c_lflag, before.c_lflag);
    EXPECT_EQ(after.c_iflag, before.c_iflag);
}

TEST_F(Terminals, TypeNothingOnTheirOwnAfterwards) {
    Terminal terminal(slave_.get(), slave_.get());
    terminal.make_raw();
    type("\x1b]l; evil\x1b\\\r");  // a terminal's answer that the program left behind
    ASSERT_TRUE(can_read());
    terminal.restore();
    EXPECT_FALSE(can_read()) << "the shell would read it as a command";
    const std::string reset = shown();
    for (const char* mode : {"\x1b[?1003l", "\x1b[?1006l", "\x1b[?1004l", "\x1b[=0u"})
        EXPECT_NE(reset.find(mode), std::string::npos) << mode + 1;
}

TEST_F(Terminals, AreLeftAloneWhenNothingWasChanged) {
    Terminal terminal(slave_.get(), slave_.get());
    type("typed ahead\n");
    terminal.restore();
    EXPECT_TRUE(can_read());
    fcntl(master_.get(), F_SETFL, O_NONBLOCK);
    EXPECT_EQ(shown().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace botbottle::session
