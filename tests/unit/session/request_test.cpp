#include "session/request.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <initializer_list>
#include <string>

namespace botbottle::session {
namespace {

std::string document(std::initializer_list<const char*> words) {
    std::string text;
    for (const char* const word : words)
        text.append(word).push_back('\0');
    return text;
}

TEST(ParseRequest, ReadsEveryKey) {
    const std::string text = document({"arg", "sh", "env", "A=b=c", "arg", "", "cwd", "/w", "tty",
                                       "120x40", "session", "agent", "env", "E="});
    const auto request = parse_request(text);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->arguments, (std::vector<std::string_view>{"sh", ""}));
    EXPECT_EQ(request->environment, (std::vector<std::string_view>{"A=b=c", "E="}));
    EXPECT_EQ(request->directory, "/w");
    EXPECT_EQ(request->name, "agent");
    ASSERT_TRUE(request->tty);
    EXPECT_EQ(request->tty->columns, 120);
    EXPECT_EQ(request->tty->rows, 40);
    // What the relay hands to exec: each view is a C string of the document.
    EXPECT_EQ(request->environment[0].data()[request->environment[0].size()], '\0');
}

TEST(ParseRequest, RefusesWhatItDoesNotUnderstand) {
    const std::string rows[] = {
        "",
        document({"env", "A=b"}),                   // no program
        document({"arg", ""}),                      // an empty one
        document({"arg", "a", "unknown", "x"}),     //
        document({"arg", "a", "env", "=x"}),        // no name
        document({"arg", "a", "env", "A"}),         // no value
        document({"arg", "a", "cwd", "relative"}),  //
        document({"arg", "a", "cwd", ""}),          //
        document({"arg", "a", "tty", "80"}),        //
        document({"arg", "a", "tty", "80x"}),       //
        document({"arg", "a", "tty", "x24"}),       //
        document({"arg", "a", "tty", "80x24 "}),    //
        document({"arg", "a", "tty", "99999x24"}),  // out of range
        document({"arg", "a", "tty", "-1x24"}),     //
        document({"arg", "a", "session", ""}),      //
        document({"arg", "a", "session", "../x"}),  //
        document({"arg", "a", "session", "-x"}),    //
        document({"arg", "a", "session", std::string(65, 'a').c_str()}),
        document({"arg", "a", "cwd"}),  // a key without a value
        std::string("arg"),             // not terminated
        std::string("arg\0a", 5),       //
    };
    for (const std::string& row : rows) {
        EXPECT_FALSE(parse_request(row)) << testing::PrintToString(row);
    }
}

TEST(FormatRequest, IsReadBackAsItWas) {
    const std::string text = document(
        {"arg", "a b", "arg", "c", "env", "N=v", "cwd", "/", "tty", "1x2", "session", "s"});
    const auto request = parse_request(text);
    ASSERT_TRUE(request);
    EXPECT_EQ(format_request(*request), text);
}

TEST(SealedDocument, OpensWhatWasSealed) {
    const auto sealed = seal_document("content");
    ASSERT_TRUE(sealed);
    const auto opened = SealedDocument::open(sealed->get());
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->text(), "content");
    EXPECT_LT(write(sealed->get(), "x", 1), 0);
}

TEST(SealedDocument, RefusesWhatCouldChange) {
    const control::Descriptor unsealed(memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(write(unsealed.get(), "x", 1), 1);
    EXPECT_FALSE(SealedDocument::open(unsealed.get()));
    ASSERT_EQ(fcntl(unsealed.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), 0);
    EXPECT_FALSE(SealedDocument::open(unsealed.get()));  // it could still be cut
    ASSERT_EQ(fcntl(unsealed.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
    EXPECT_TRUE(SealedDocument::open(unsealed.get()));

    const control::Descriptor file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    EXPECT_FALSE(SealedDocument::open(file.get()));
    const auto empty = seal_document("");
    ASSERT_TRUE(empty);
    EXPECT_FALSE(SealedDocument::open(empty->get()));
    const auto large = seal_document(std::string(kMaxRequest + 1, 'x'));
    ASSERT_TRUE(large);
    EXPECT_FALSE(SealedDocument::open(large->get()));
}

}  // namespace
}  // namespace botbottle::session
