// Any bytes as a bottle, an agent and settings.yaml: they are read or refused, and what is read
// keeps the promises that the rest of the program builds upon.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "manifest/agent_reader.h"
#include "manifest/bottle_reader.h"
#include "manifest/names.h"

namespace {

using namespace botbottle;

const QString kName = QStringLiteral("dev");
const QString kFile = QStringLiteral("dev.md");

void expect(bool held) {
    if (!held) std::abort();
}

// Told to a terminal: no control character but the line break between problems.
void expect_printable(const Error& error) {
    expect(!error.message.empty());
    for (const QString& line : QString::fromStdString(error.message).split(u'\n'))
        expect(is_one_line(line));
}

void check_bottle(const std::string& text) {
    const auto layer = read_bottle(kName, kFile, text);
    if (!layer) return expect_printable(layer.error());
    const auto bottle = merge_bottle({*layer});
    if (!bottle) return expect_printable(bottle.error());
    for (const EnvEntry& entry : bottle->env)
        expect(is_variable_name(entry.name));
    for (const RouteManifest& route : bottle->routes) {
        expect(!route.host.isEmpty() && route.host == route.host.toLower());
        expect(!route.ports.isEmpty());
        expect(!route.auth || !route.auth->token_ref.isEmpty());
    }
    for (const GitRepo& repo : bottle->repos)
        expect(is_repo_name(repo.name) && repo.url.startsWith(QLatin1String("ssh://")));
}

void check_agent(const std::string& text) {
    const auto agent = read_agent(kName, kFile, text);
    if (!agent) return expect_printable(agent.error());
    expect(is_manifest_name(agent->bottle));
    for (const QString& skill : agent->skills)
        expect(is_skill_name(skill));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_bottle(text);
    check_agent(text);
    // Most mutations break the fence: the same bytes inside of one reach further.
    const std::string framed = "---\n" + text + "\n---\n";
    check_bottle(framed);
    check_agent(framed);
    return 0;
}
