// Which requests exist, and how a CGI head is read.
#include <gtest/gtest.h>

#include "git-gate/cgi.h"
#include "git-gate/request.h"

namespace botbottle::git_gate {
namespace {

TEST(GitRequest, OnlyTheFiveOfSmartHttpExist) {
    const struct {
        const char* method;
        const char* target;
        int status;
        const char* repo;
        Service service;
        bool advertises;
    } rows[] = {
        {"GET", "/a.git/info/refs?service=git-upload-pack", 200, "a", Service::kFetch, true},
        {"GET", "/a.git/info/refs?service=git-receive-pack", 200, "a", Service::kPush, true},
        {"POST", "/a.b-c.git/git-upload-pack", 200, "a.b-c", Service::kFetch, false},
        {"POST", "/a.git.git/git-receive-pack", 200, "a.git", Service::kPush, false},
        {"GET", "/a.git/info/refs", 404, "", Service::kFetch, false},
        {"GET", "/a.git/info/refs?service=git-upload-archive", 404, "", Service::kFetch, false},
        {"GET", "/a.git/info/refs?service=git-upload-pack&x=1", 404, "", Service::kFetch, false},
        {"GET", "/a.git/HEAD", 404, "", Service::kFetch, false},
        {"GET", "/a.git/objects/info/packs", 404, "", Service::kFetch, false},
        {"GET", "/a/info/refs?service=git-upload-pack", 404, "", Service::kFetch, false},
        {"POST", "/a.git/info/refs?service=git-upload-pack", 405, "", Service::kFetch, false},
        {"GET", "/a.git/git-upload-pack", 405, "", Service::kFetch, false},
        {"POST", "/a.git/git-upload-pack?x", 404, "", Service::kFetch, false},
        {"GET", "", 404, "", Service::kFetch, false},
        {"GET", "a.git/info/refs", 404, "", Service::kFetch, false},
    };
    for (const auto& row : rows) {
        const GitRequest request = read_request(row.method, row.target);
        EXPECT_EQ(request.status, row.status) << row.target;
        if (row.status != 200) continue;
        EXPECT_EQ(request.repo, row.repo) << row.target;
        EXPECT_EQ(request.service, row.service) << row.target;
        EXPECT_EQ(request.advertises, row.advertises) << row.target;
    }
}

// The repo's name is compared with those that are declared, and none of them has a slash.
TEST(GitRequest, ATraversalIsAnotherName) {
    for (const char* target : {"/../a.git/git-upload-pack", "/x/../a.git/git-upload-pack",
                               "/%2e%2e/a.git/git-upload-pack", "//a.git/git-upload-pack"}) {
        const GitRequest request = read_request("POST", target);
        EXPECT_NE(request.repo, "a") << target;
    }
    EXPECT_EQ(read_request("POST", "/a.git/../a.git/git-upload-pack").status, 404);
}

TEST(CgiHead, IsReadAndFiltered) {
    const auto head = read_cgi_head(
        "Status: 404 Not Found\r\nContent-Type: text/plain\r\nX-Other: 1\r\nSet-Cookie: "
        "a\r\n\r\nbody");
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, 404);
    ASSERT_EQ(head->fields.size(), 1u);
    EXPECT_EQ(head->fields[0].first, "Content-Type");
    EXPECT_EQ(head->fields[0].second, "text/plain");
    EXPECT_EQ(std::string_view("Status: 404 Not Found\r\nContent-Type: text/plain\r\nX-Other: 1\r\n"
                               "Set-Cookie: a\r\n\r\nbody")
                  .substr(head->size),
              "body");
}

TEST(CgiHead, WaitsForItsEndAndNotForEver) {
    EXPECT_FALSE(read_cgi_head(""));
    EXPECT_FALSE(read_cgi_head("Content-Type: a\r\n"));
    for (const std::string& bad :
         {std::string("no colon\r\n\r\n"), std::string("Status: 99\r\n\r\n"),
          std::string("Status: x\r\n\r\n"), std::string(kMaxCgiHead + 1, 'a')}) {
        const auto head = read_cgi_head(bad);
        ASSERT_TRUE(head);
        EXPECT_EQ(head->status, 0);
    }
}

}  // namespace
}  // namespace botbottle::git_gate
