#include "manifest/git_identity_reader.h"

#include "manifest/names.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

// git itself drops these from an identity; a line break would add a line to its configuration.
QString read_field(MapReader& user, const QString& key) {
    QString text = user.string(key).value_or(QString());
    if (!is_one_line(text) || text.contains(u'<') || text.contains(u'>')) {
        user.problem(key, QStringLiteral("found %1: \"<\", \">\" and control characters are not "
                                         "allowed in a commit identity")
                              .arg(quoted(text)));
    }
    return text;
}

}  // namespace

GitIdentity read_git_identity(MapReader& git_gate, Problems& problems) {
    const QString key = QStringLiteral("user");
    const yaml::Value* node = git_gate.mapping(key);
    if (node == nullptr) return {};
    MapReader user(*node, git_gate.path_of(key), problems);
    GitIdentity identity;
    identity.name = read_field(user, QStringLiteral("name"));
    identity.email = read_field(user, QStringLiteral("email"));
    identity.places = user.places_of({"name", "email"});
    user.finish();
    if (identity.empty()) {
        git_gate.problem(key, QStringLiteral("neither name nor email is set: leave the key out"));
    }
    return identity;
}

void merge_identity(GitIdentity& into, const GitIdentity& over) {
    const auto take = [&](QString GitIdentity::*field, const char* name) {
        if ((over.*field).isEmpty()) return;
        into.*field = over.*field;
        const QString key = QString::fromLatin1(name);
        into.places.insert(key, over.places.value(key));
    };
    take(&GitIdentity::name, "name");
    take(&GitIdentity::email, "email");
}

}  // namespace botbottle
