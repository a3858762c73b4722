#include "manifest/agent_reader.h"

#include "manifest/frontmatter.h"
#include "manifest/git_identity_reader.h"
#include "manifest/names.h"
#include "manifest/reader.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

void read_skills(MapReader& map, AgentManifest& agent) {
    const QString key = QStringLiteral("skills");
    for (const QString& skill : map.strings(key).value_or(QStringList())) {
        if (!is_skill_name(skill)) {
            map.problem(key, QStringLiteral("found %1, expected the name of a skill, not a path")
                                 .arg(quoted(skill)));
        } else if (agent.skills.contains(skill)) {
            map.problem(key, QStringLiteral("%1 stands twice").arg(quoted(skill)));
        } else {
            agent.skills += skill;
        }
    }
}

}  // namespace

Result<AgentManifest> read_agent(const QString& name, const QString& file,
                                 const std::string& text) {
    Problems problems(file);
    const auto parts = split_frontmatter(text, problems);
    const auto root = parts ? yaml::parse(parts->yaml, parts->yaml_line, problems) : std::nullopt;
    if (!root) return problems.error("manifest_invalid");

    AgentManifest agent;
    agent.name = name;
    agent.file = file;
    agent.prompt = parts->body;

    const QString bottle_key = QStringLiteral("bottle");
    const QString git_gate_key = QStringLiteral("git-gate");
    MapReader map(*root, {}, problems);
    agent.bottle =
        map.required_string(bottle_key, QStringLiteral("the bottle that this agent runs in"));
    agent.where = {file, map.line_of(bottle_key)};
    if (!agent.bottle.isEmpty() && !is_manifest_name(agent.bottle)) {
        map.problem(bottle_key, QStringLiteral("found %1, expected the name of a bottle "
                                               "([a-z][a-z0-9-]*)")
                                    .arg(quoted(agent.bottle)));
    }
    read_skills(map, agent);
    agent.places = map.places_of({"skills"});
    if (const yaml::Value* node = map.mapping(git_gate_key)) {
        MapReader git_gate(*node, git_gate_key, problems);
        agent.git_identity = read_git_identity(git_gate, problems);
        git_gate.refuse(
            QStringLiteral("repos"),
            QStringLiteral("repos carry credentials and host trust, so they belong to a "
                           "bottle, never to an agent"));
        git_gate.finish();
    }
    // The file can also be a Claude Code subagent; these are its keys.
    for (const char* ignored : {"name", "description", "model", "color", "memory", "tools"}) {
        map.find(QString::fromLatin1(ignored));
    }
    map.finish();
    if (!problems.empty()) return problems.error("manifest_invalid");
    return agent;
}

}  // namespace botbottle
