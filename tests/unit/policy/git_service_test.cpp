// A push is known in every spelling.
#include "policy/git_service.h"

#include <gtest/gtest.h>

#include <string_view>

namespace botbottle::policy {
namespace {

TEST(GitService, IsKnownInEverySpelling) {
    struct Case {
        std::string_view path, query;
        GitService service;
    };
    const Case cases[] = {
        {"/r.git/git-receive-pack", "", GitService::kPush},
        {"/git-receive-pack", "", GitService::kPush},
        {"/r/GIT-Receive-Pack", "", GitService::kPush},
        {"/r/git-receive-pack/", "", GitService::kPush},
        {"/r/git-receive-pack;x=1", "", GitService::kPush},
        {"/r%2Fgit-receive-pack", "", GitService::kPush},
        {"/r%252Fgit-receive-pack", "", GitService::kPush},
        {"/r%25252525252fgit-receive-pack", "", GitService::kPush},
        {"/r%5Cgit-receive-pack", "", GitService::kPush},
        {"/r/git%252dreceive%252Dpack", "", GitService::kPush},
        {"/r/git-receive-pack%00", "", GitService::kPush},
        {"/r//git-receive-pack", "", GitService::kPush},
        {"/r/info/refs", "service=git-receive-pack", GitService::kPush},
        {"/r/info/refs", "a=b&service=git-receive-pack&c", GitService::kPush},
        {"/r/info/refs", "a;service=git-receive-pack", GitService::kPush},
        {"/r/info/refs", "service=git%2Dreceive%2Dpack", GitService::kPush},
        {"/r/info/refs", "%73ervice=git-receive-pack", GitService::kPush},
        {"/r/info/refs", "SERVICE=GIT-RECEIVE-PACK", GitService::kPush},
        {"/r/info/refs", "service=git-upload-pack&service=git-receive-pack", GitService::kPush},
        {"/other", "service=git-receive-pack", GitService::kPush},
        {"/r/info/refs", "service=git-upload-pack", GitService::kFetch},
        {"/r/git-upload-pack", "", GitService::kFetch},
        {"/r/git-upload-archive", "", GitService::kFetch},
        {"/r/info/refs", "", GitService::kFetch},
        {"/r/INFO/%72efs", "", GitService::kFetch},
        {"/", "", GitService::kNone},
        {"/v1/messages", "beta=true", GitService::kNone},
        {"/r/blob/main/git-receive-pack.c", "", GitService::kNone},
        {"/docs/about-git-receive-pack", "", GitService::kNone},
        {"/repos/o/r/git/refs", "", GitService::kNone},
        {"/search", "q=service%20git-receive-pack", GitService::kNone},
        {"/search", "q=git-receive-pack", GitService::kNone},
        {"/a%", "b%zz=%4", GitService::kNone},
    };
    for (const auto& [path, query, service] : cases) {
        EXPECT_EQ(git_service(path, query), service) << path << "?" << query;
    }
}

}  // namespace
}  // namespace botbottle::policy
