// Where version managers and installers put programs, and what of it a bottle gets to see.
#include "program_view.h"

#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

namespace backend_bubblewrap {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class ProgramViews : public Scratch {
  protected:
    static constexpr int kProgram = 0755;
    ProgramView view(const std::string& name, const std::string& path) const {
        return view_program(name, path, {{"/usr", home_}, system_path_, other_user_});
    }
    std::string home_ = "/nonexistent";
    bool other_user_ = false;
    std::vector<std::string> system_path_ = {"/usr/local/bin", "/usr/bin"};
};

TEST_F(ProgramViews, NpmPlatformPackage) {
    // node_modules/.bin/claude → ../@acme/claude/bin/claude.exe, a native program in its package.
    make("app/node_modules/@acme/claude/package.json", "{}");
    make("app/node_modules/@acme/claude/bin/claude.exe",
         "\x7f"
         "ELF",
         kProgram);
    const auto found =
        view("claude", link("app/node_modules/.bin/claude", "../@acme/claude/bin/claude.exe"));
    EXPECT_EQ(found.binds,
              (Pairs{{root_ + "/app/node_modules/@acme/claude", "/opt/agent/claude/claude"}}));
    EXPECT_EQ(found.links,
              (Pairs{{"/opt/agent/claude/claude/bin/claude.exe", "/opt/agent/bin/claude"}}));
}

TEST_F(ProgramViews, NpmPackageThatIsDeep) {
    // codex: the program lies levels below its package.json, among files that it needs.
    make("n/node_modules/@o/codex-linux-x64/package.json", "{}");
    const auto found = view("codex", make("n/node_modules/@o/codex-linux-x64/vendor/musl/bin/codex",
                                          "\x7f"
                                          "ELF",
                                          kProgram));
    EXPECT_EQ(found.binds, (Pairs{{root_ + "/n/node_modules/@o/codex-linux-x64",
                                   "/opt/agent/codex/codex-linux-x64"}}));
    EXPECT_EQ(found.links[0].first, "/opt/agent/codex/codex-linux-x64/vendor/musl/bin/codex");
}

TEST_F(ProgramViews, ScriptBringsThePackagesBesideIt) {
    make("app/node_modules/tool/package.json", "{}");
    make("app/node_modules/dependency/package.json", "{}");
    const auto found = view("tool", make("app/node_modules/tool/cli.sh", "#!/bin/sh\n", kProgram));
    EXPECT_EQ(found.binds, (Pairs{{root_ + "/app/node_modules", "/opt/agent/tool/node_modules"}}));
    EXPECT_EQ(found.links,
              (Pairs{{"/opt/agent/tool/node_modules/tool/cli.sh", "/opt/agent/bin/tool"}}));
}

TEST_F(ProgramViews, NodeScriptBringsItsNode) {
    system_path_ = {};  // there is none below /usr
    const std::string prefix = ".nvm/versions/node/v22.1.0";
    make(prefix + "/bin/node",
         "\x7f"
         "ELF",
         kProgram);
    make(prefix + "/lib/node_modules/tool/package.json", "{}");
    for (const char* const shebang :
         {"#!/usr/bin/env node\n", "#!/usr/bin/env -S node --x\n", "#! /usr/bin/env  A=b node\n"}) {
        SCOPED_TRACE(shebang);
        const std::string script =
            make(prefix + "/lib/node_modules/tool/cli.js", shebang, kProgram);
        const auto found = view("tool", script);
        EXPECT_EQ(
            found.binds,
            (Pairs{{root_ + "/" + prefix + "/bin/node", "/opt/agent/tool/bin/node"},
                   {root_ + "/" + prefix + "/lib/node_modules", "/opt/agent/tool/node_modules"}}));
        EXPECT_EQ(found.links[0].second, "/opt/agent/bin/node");
    }
}

TEST_F(ProgramViews, NodeScriptThatHasNoNode) {
    system_path_ = {};
    const std::string script = make("x/cli.js", "#!/usr/bin/env node\n", kProgram);
    EXPECT_EQ(code_of([&] { view("tool", script); }), "program_not_found");
    make("x/node",
         "\x7f"
         "ELF",
         kProgram);
    EXPECT_EQ(view("tool", script).binds.size(), 2u);  // beside it is good enough
}

TEST_F(ProgramViews, VendorInstallerIsOneFile) {
    make(".local/share/claude/versions/2.1.0",
         "\x7f"
         "ELF",
         kProgram);
    make(".local/share/claude/secret", "x");
    const auto found = view("claude", link(".local/bin/claude", "../share/claude/versions/2.1.0"));
    EXPECT_EQ(found.binds,
              (Pairs{{root_ + "/.local/share/claude/versions/2.1.0", "/opt/agent/claude/2.1.0"}}));
    EXPECT_EQ(found.links, (Pairs{{"/opt/agent/claude/2.1.0", "/opt/agent/bin/claude"}}));
}

TEST_F(ProgramViews, BelowUsrNeedsNothing) {
    const auto found = view("sh", "/bin/sh");
    EXPECT_TRUE(found.binds.empty());
    EXPECT_TRUE(found.links.empty());
    const auto renamed = view("agent", link("bin/agent", "/usr/bin/env"));
    EXPECT_TRUE(renamed.binds.empty());
    EXPECT_EQ(renamed.links, (Pairs{{"/usr/bin/env", "/opt/agent/bin/agent"}}));
}

TEST_F(ProgramViews, RefusesToShowWhatIsSecluded) {
    make("u/node_modules/tool/package.json", "{}");
    const std::string script = make("u/node_modules/tool/cli.sh", "#!/bin/sh\n", kProgram);
    const std::string native = make("u/node_modules/tool/bin",
                                    "\x7f"
                                    "ELF",
                                    kProgram);
    home_ = root_ + "/u/node_modules";
    EXPECT_EQ(code_of([&] { view("tool", script); }), "program_exposes_host");
    EXPECT_EQ(code_of([&] { view("tool", native); }), "");
    home_ = root_ + "/u/node_modules/tool/state";
    EXPECT_EQ(code_of([&] { view("tool", native); }), "program_exposes_host");
}

TEST_F(ProgramViews, RefusesWhatWillNotRun) {
    const std::string plain = make("plain", "#!/bin/sh\n", 0644);
    const std::string script = make("script", "#!/opt/x/bin/python\n", kProgram);
    const std::string fifo = root_ + "/fifo";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0700), 0);
    for (const std::string& path :
         {plain, script, fifo, root_, root_ + "/nothing", link("dangling", "/nothing")}) {
        EXPECT_EQ(code_of([&] { view("tool", path); }), "program_not_found") << path;
    }
    for (const char* const name : {"", "a/b", "..", ".hidden", "a b"}) {
        EXPECT_EQ(code_of([&] { view(name, "/bin/sh"); }), "invalid_request") << name;
    }
}

TEST_F(ProgramViews, ForAnotherUserItMustBePublic) {
    const std::string own = make("own",
                                 "\x7f"
                                 "ELF",
                                 0700);
    EXPECT_EQ(code_of([&] { view("own", own); }), "");
    other_user_ = true;
    EXPECT_EQ(code_of([&] { view("own", own); }), "program_not_public");
    EXPECT_EQ(code_of([&] {
                  view("own", make("own",
                                   "\x7f"
                                   "ELF",
                                   0755));
              }),
              "");
}

}  // namespace
}  // namespace backend_bubblewrap
