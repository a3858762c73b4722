#include "manifest/git_repo_reader.h"

#include <QRegularExpression>
#include <QtEndian>
#include <algorithm>

#include "base/host.h"
#include "base/idna.h"
#include "manifest/names.h"
#include "manifest/reader.h"
#include "manifest/route_reader.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

using yaml::Value;

constexpr int kSshPort = 22;
constexpr int kHighestPort = 65535;
const QString kUrlForm = QStringLiteral("ssh://USER@HOST[:PORT]/PATH");

// Host key algorithms of OpenSSH that are not broken.
const QStringList kKeyTypes =
    QString::fromLatin1(
        "ssh-ed25519 sk-ssh-ed25519@openssh.com ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 "
        "ecdsa-sha2-nistp521 sk-ecdsa-sha2-nistp256@openssh.com ssh-rsa")
        .split(u' ');

// The key's blob begins with its own type: RFC 4253, section 6.6.
bool blob_has_type(const QByteArray& blob, const QByteArray& type) {
    constexpr qsizetype kLengthSize = 4;
    return blob.size() > kLengthSize + type.size() &&
           qFromBigEndian<quint32>(blob.constData()) == static_cast<quint32>(type.size()) &&
           blob.mid(kLengthSize, type.size()) == type;
}

class GitRepoReader {
  public:
    GitRepoReader(const yaml::Member& member, const QString& path, Problems& problems)
        : map_(member.value, path + QLatin1Char('.') + member.key, problems), problems_(problems) {
        repo_.name = member.key;
        repo_.where = {problems.file(), member.line};
    }

    GitRepo read() {
        read_url();
        read_identity();
        read_host_key();
        if (const Value* rules = map_.mapping(QStringLiteral("rules"))) read_rules(*rules);
        map_.finish();
        return std::move(repo_);
    }

  private:
    void read_url() {
        // What git hands to ssh must not look like an option, and must be one word.
        static const QRegularExpression kForm(QStringLiteral(
            "\\Assh://([A-Za-z0-9_][A-Za-z0-9._-]*)@"
            "(\\[[0-9A-Fa-f:.]+\\]|[^/:@\\[\\]\\s]+)(?::([0-9]{1,5}))?(/[^?#]+)\\z"));
        const QString key = QStringLiteral("url");
        const QString text = map_.required_string(key, kUrlForm);
        if (text.isEmpty()) return;
        // A password is never repeated.
        static const QRegularExpression kPassword(QStringLiteral("\\A[a-z]+://[^/@]*:[^/@]*@"));
        if (kPassword.match(text).hasMatch()) {
            map_.problem(key, QStringLiteral("the URL holds a password: a repo is reached with the "
                                             "key of \"identity\"; expected %1")
                                  .arg(kUrlForm));
            return;
        }
        const auto match = kForm.match(text);
        const int port = match.captured(3).isEmpty() ? kSshPort : match.captured(3).toInt();
        const bool fits = match.hasMatch() && port >= 1 && port <= kHighestPort &&
                          is_one_line(text) && !text.contains(u' ') && !text.contains(u'\\');
        if (!fits) {
            map_.problem(key, QStringLiteral("found %1, expected %2").arg(quoted(text), kUrlForm));
            return;
        }
        const auto host = host_from_unicode(match.captured(2).toStdString());
        if (!host) {
            map_.problem(key, QStringLiteral("found %1: %2")
                                  .arg(quoted(text), QString::fromStdString(host.error().message)));
            return;
        }
        repo_.user = match.captured(1);
        repo_.host = QString::fromStdString(host->text());
        repo_.port = port;
        repo_.path = match.captured(4);
        const QString port_text = port == kSshPort ? QString() : QStringLiteral(":%1").arg(port);
        repo_.url =
            QStringLiteral("ssh://%1@%2%3%4").arg(repo_.user, repo_.host, port_text, repo_.path);
    }

    void read_identity() {
        const QString key = QStringLiteral("identity");
        const QString text = map_.required_string(
            key, QStringLiteral("the path of the ssh key that opens this repo"));
        if (text.isEmpty()) return;
        // Somebody may have pasted the key itself.
        if (text.contains(QStringLiteral("PRIVATE KEY"))) {
            map_.problem(key, QStringLiteral("this is a key: write the path of its file"));
        } else if (!is_host_path(text)) {
            map_.problem(
                key, QStringLiteral("found %1, expected a path that begins with \"/\" or \"~/\"")
                         .arg(quoted(text)));
        }
        repo_.identity = text;
    }

    void read_host_key() {
        const QString key = QStringLiteral("host_key");
        const auto text = map_.string(key);
        if (!text) return;
        const QStringList words = text->simplified().split(u' ');
        const auto refuse = [&](const QString& what) {
            map_.problem(key, QStringLiteral("found %1: %2; expected \"TYPE BASE64\", as "
                                             "`ssh-keyscan HOST` prints it after the host's name")
                                  .arg(quoted(*text), what));
        };
        if (!is_one_line(*text)) return refuse(QStringLiteral("more than one line"));
        if (words.size() > 1 && !kKeyTypes.contains(words[0]) && kKeyTypes.contains(words[1]))
            return refuse(QStringLiteral("the host's name does not belong here"));
        if (!kKeyTypes.contains(words[0]))
            return refuse(
                QStringLiteral("the type of the key is none of %1").arg(either(kKeyTypes)));
        const auto blob = QByteArray::fromBase64Encoding(words.value(1).toLatin1(),
                                                         QByteArray::AbortOnBase64DecodingErrors);
        if (!blob || !blob_has_type(*blob, words[0].toLatin1()))
            return refuse(QStringLiteral("not a whole key of that type"));
        repo_.host_key = words[0] + QLatin1Char(' ') + words[1];
    }

    QStringList read_globs(MapReader& rules, const QString& key) {
        const Value* list = rules.sequence(key);
        if (list == nullptr) return {};
        if (list->items.empty()) {
            rules.problem(key, QStringLiteral("the list is empty: leave the key out"));
        }
        QStringList globs;
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            const QString path = QStringLiteral("%1[%2]").arg(rules.path_of(key)).arg(i);
            const Value& item = list->items[i];
            const auto glob = read_string(item, path, problems_);
            if (!glob) continue;
            if (glob->isEmpty() || !is_one_line(*glob)) {
                problems_.add(item.line, path,
                              QStringLiteral("found %1, expected a glob such as \"feature/**\"")
                                  .arg(quoted(*glob)));
            }
            globs += *glob;
        }
        return globs;
    }

    void read_rules(const Value& node) {
        MapReader rules(node, map_.path_of(QStringLiteral("rules")), problems_);
        repo_.rules.branches = read_globs(rules, QStringLiteral("branches"));
        repo_.rules.force = rules.boolean(QStringLiteral("force")).value_or(false);
        repo_.rules.deletion = rules.boolean(QStringLiteral("delete")).value_or(false);
        repo_.rules.paths = read_globs(rules, QStringLiteral("paths"));
        repo_.rules.max_push_bytes = rules.size(QStringLiteral("max_push_size"));
        repo_.rules.dlp = read_dlp(rules).value_or(Dlp::Block);
        rules.finish();
    }

    MapReader map_;
    Problems& problems_;
    GitRepo repo_;
};

}  // namespace

QList<GitRepo> read_git_repos(const Value& repos, const QString& path, Problems& problems) {
    QList<GitRepo> list;
    for (const yaml::Member& member : repos.members) {
        if (!is_repo_name(member.key)) {
            problems.add(
                member.line, path,
                QStringLiteral("%1 is not a repo's name: letters, digits, \".\", \"_\" and "
                               "\"-\", not beginning with \".\" or \"-\"")
                    .arg(quoted(member.key)));
            continue;
        }
        list += GitRepoReader(member, path, problems).read();
    }
    return list;
}

}  // namespace botbottle
