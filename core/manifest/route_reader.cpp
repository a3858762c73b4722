#include "manifest/route_reader.h"

#include <QHash>
#include <QSet>
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/host.h"
#include "base/idna.h"
#include "base/ip_address.h"
#include "base/public_suffix.h"
#include "base/route_path.h"
#include "manifest/names.h"
#include "manifest/reader.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

using yaml::Value;

constexpr int kHighestPort = 65535;

constexpr std::array<std::pair<AuthScheme, const char*>, 5> kSchemes = {{
    {AuthScheme::Bearer, "Bearer"},
    {AuthScheme::Token, "token"},
    {AuthScheme::Basic, "Basic"},
    {AuthScheme::Header, "header"},
    {AuthScheme::Query, "query"},
}};

// The registered methods (IANA), but CONNECT and TRACE, which egress never allows.
const QStringList kMethods =
    QString::fromLatin1(
        "GET HEAD POST PUT PATCH DELETE OPTIONS ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY "
        "LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE "
        "ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK "
        "UPDATE UPDATEREDIRECTREF VERSION-CONTROL")
        .split(u' ');

// Headers that egress writes itself, or that end at the next hop, cannot carry a credential.
const QStringList kFramingHeaders = QString::fromLatin1(
                                        "host content-length transfer-encoding connection "
                                        "keep-alive te trailer upgrade expect proxy "
                                        "proxy-connection proxy-authorization http2-settings")
                                        .split(u' ');

// RFC 9110, section 5.6.2.
bool is_token(const QString& text) {
    static const QString kMarks = QStringLiteral("!#$%&'*+-.^_`|~");
    return !text.isEmpty() && std::all_of(text.begin(), text.end(), [](QChar c) {
        return c.unicode() < 0x80 && (c.isLetterOrNumber() || kMarks.contains(c));
    });
}

bool is_unreserved(const QString& text) {
    static const QString kMarks = QStringLiteral("-._~");
    return std::all_of(text.begin(), text.end(), [](QChar c) {
        return c.unicode() < 0x80 && (c.isLetterOrNumber() || kMarks.contains(c));
    });
}

QString explain(const Error& error) {
    QString text = QString::fromStdString(error.message);
    if (!error.hint.empty()) text += QStringLiteral("; ") + QString::fromStdString(error.hint);
    return text;
}

class RouteReader {
  public:
    RouteReader(const Value& node, const QString& path, RouteWriter writer, Problems& problems)
        : map_(node, path, problems), problems_(problems), writer_(writer) {
        route_.where = {problems.file(), node.line};
    }

    RouteManifest read() {
        read_host();
        read_ports();
        read_methods();
        read_paths();
        read_auth();
        read_git();
        read_dlp_mode();
        read_private_ranges();
        read_websocket();
        read_route_budget();
        read_intercept();
        map_.refuse(QStringLiteral("role"), QStringLiteral("the key is reserved: leave it out"));
        map_.finish();
        return std::move(route_);
    }

    int host_line() const { return map_.line_of(QStringLiteral("host")); }

  private:
    void read_host() {
        const QString key = QStringLiteral("host");
        const QString text =
            map_.required_string(key, QStringLiteral("the name that this route opens"));
        if (text.isEmpty()) return;
        if (text.contains(QStringLiteral("://"))) {
            map_.problem(key,
                         QStringLiteral("found %1, expected a host name without scheme and path")
                             .arg(quoted(text)));
            return;
        }
        const bool any_below = text.startsWith(QLatin1String("*."));
        const QString name = any_below ? text.mid(2) : text;
        if (name.contains(u'*')) {
            map_.problem(key, QStringLiteral("found %1: the only wildcard is a leading \"*.\", for "
                                             "one or more labels")
                                  .arg(quoted(text)));
            return;
        }
        const auto host = host_from_unicode(name.toStdString());
        if (!host) {
            map_.problem(key,
                         QStringLiteral("found %1: %2").arg(quoted(text), explain(host.error())));
            return;
        }
        if (any_below && host->is_ip()) {
            map_.problem(
                key, QStringLiteral("found %1: nothing is below an IP address").arg(quoted(text)));
            return;
        }
        route_.host = QString::fromStdString(host->text());
        if (!any_below) return;
        if (const auto checked = check_names_below(*host); !checked) {
            map_.problem(
                key, QStringLiteral("found %1: %2").arg(quoted(text), explain(checked.error())));
            return;
        }
        route_.host.prepend(QLatin1String("*."));
        map_.need_enforced(key, "egress.routes[].host: *");
    }

    // The items of a list that must not be empty; `read` gets each with its path.
    template <typename Read>
    void each(const QString& key, const Read& read) {
        const Value* list = map_.sequence(key);
        if (list == nullptr) return;
        if (list->items.empty()) {
            map_.problem(key, QStringLiteral("the list is empty: leave the key out"));
        }
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            read(list->items[i], QStringLiteral("%1[%2]").arg(map_.path_of(key)).arg(i));
        }
    }

    void read_ports() {
        const QString key = QStringLiteral("ports");
        if (map_.sequence(key) != nullptr) route_.ports.clear();
        QSet<int> seen;
        each(key, [&](const Value& item, const QString& path) {
            const auto number = read_integer(item, path, 1, kHighestPort, problems_);
            if (!number) return;
            const int port = static_cast<int>(*number);
            if (seen.contains(port)) {
                problems_.add(item.line, path,
                              QStringLiteral("the port %1 stands twice").arg(port));
            }
            seen.insert(port);
            route_.ports += port;
        });
    }

    void read_methods() {
        each(QStringLiteral("methods"), [this](const Value& item, const QString& path) {
            const auto method = read_string(item, path, problems_);
            if (!method) return;
            if (kMethods.contains(*method)) {
                if (!route_.methods) route_.methods.emplace();
                *route_.methods += *method;
                return;
            }
            QString message = QStringLiteral("found %1, expected an HTTP method in capitals")
                                  .arg(quoted(*method));
            const QString meant = nearest(*method, kMethods);
            if (!meant.isEmpty()) message += QStringLiteral("; did you mean \"%1\"?").arg(meant);
            problems_.add(item.line, path, message);
        });
    }

    void read_paths() {
        each(QStringLiteral("path_allowlist"), [this](const Value& item, const QString& path) {
            const auto text = read_string(item, path, problems_);
            if (!text) return;
            const auto prefix = RoutePath::parse_prefix(text->toStdString());
            if (!prefix) {
                problems_.add(
                    item.line, path,
                    QStringLiteral("found %1: %2").arg(quoted(*text), explain(prefix.error())));
                return;
            }
            if (!route_.path_allowlist) route_.path_allowlist.emplace();
            *route_.path_allowlist += QString::fromStdString(prefix->text());
        });
    }

    void read_ranges(const Value& item, const QString& path) {
        const auto text = read_string(item, path, problems_);
        if (!text) return;
        const auto range = IpRange::parse(text->toStdString());
        if (range) {
            route_.ssrf_ip_allowlist += QString::fromStdString(range->text());
        } else {
            problems_.add(
                item.line, path,
                QStringLiteral("found %1: %2").arg(quoted(*text), explain(range.error())));
        }
    }

    // `pipelock` is what older files called it.
    void read_private_ranges() {
        const QString key = QStringLiteral("ssrf_ip_allowlist");
        each(key, [this](const Value& item, const QString& path) { read_ranges(item, path); });
        if (writer_ == RouteWriter::Provider) return;

        const QString older_key = QStringLiteral("pipelock");
        const Value* older = map_.mapping(older_key);
        if (older == nullptr) return;
        MapReader pipelock(*older, map_.path_of(older_key), problems_);
        if (const Value* list = pipelock.sequence(key)) {
            if (map_.find(key) != nullptr) {
                pipelock.problem(key,
                                 QStringLiteral("given twice: keep \"ssrf_ip_allowlist\" of the "
                                                "route and remove \"pipelock\""));
            }
            for (std::size_t i = 0; i < list->items.size(); ++i) {
                read_ranges(list->items[i],
                            QStringLiteral("%1[%2]").arg(pipelock.path_of(key)).arg(i));
            }
        }
        const QString passthrough = QStringLiteral("tls_passthrough");
        if (pipelock.boolean(passthrough).value_or(false)) {
            if (map_.find(QStringLiteral("dlp")) != nullptr) {
                pipelock.problem(passthrough,
                                 QStringLiteral("given twice: keep \"dlp\" of the route "
                                                "and remove \"pipelock\""));
            }
            route_.dlp = Dlp::Off;
        }
        pipelock.finish();
    }

    void read_auth() {
        const QString key = QStringLiteral("auth");
        const Value* node = map_.mapping(key);
        if (node == nullptr) return;
        if (node->members.empty()) {
            map_.problem(
                key, QStringLiteral("empty: leave the key out for a route without a credential"));
            return;
        }
        MapReader map(*node, map_.path_of(key), problems_);
        RouteAuth auth;
        const bool scheme_known = read_scheme(map, auth.scheme);
        read_credential(map, auth);
        auth.cookies = map.boolean(QStringLiteral("cookies")).value_or(false);
        if (scheme_known) {
            read_scheme_keys(map, auth);
            map.finish();
        }
        route_.auth = auth;
    }

    static bool read_scheme(MapReader& map, AuthScheme& scheme) {
        const QString key = QStringLiteral("scheme");
        QStringList allowed;
        for (const auto& [value, name] : kSchemes)
            allowed += QString::fromLatin1(name);
        if (map.find(key) == nullptr) {
            map.problem(key, QStringLiteral("missing: %1").arg(either(allowed)));
            return false;
        }
        const auto index = map.word(key, allowed);
        if (!index) return false;
        scheme = kSchemes[static_cast<std::size_t>(*index)].first;
        if (scheme == AuthScheme::Query)
            map.need_enforced(key, "egress.routes[].auth.scheme: query");
        return true;
    }

    void read_credential(MapReader& map, RouteAuth& auth) const {
        if (writer_ == RouteWriter::Provider) {
            auth.token_ref = map.required_string(QStringLiteral("secret"),
                                                 QStringLiteral("a member of \"secrets\""));
            return;
        }
        const QString key = QStringLiteral("token_ref");
        auth.token_ref = map.required_string(
            key, QStringLiteral("the name of the host variable that holds the credential"));
        if (auth.token_ref.isEmpty() || is_variable_name(auth.token_ref)) return;
        // What stands here may be the credential itself: it must not reach a terminal or a log.
        map.problem(key, QStringLiteral("not the name of an environment variable; write the "
                                        "variable's name, never the credential itself"));
    }

    static void read_scheme_keys(MapReader& map, RouteAuth& auth) {
        if (auth.scheme == AuthScheme::Basic) {
            const QString key = QStringLiteral("username");
            auth.username =
                map.required_string(key, QStringLiteral("the name that goes with the password"));
            if (auth.username.contains(u':') || !is_one_line(auth.username)) {
                map.problem(key,
                            QStringLiteral("found %1: a user name holds no colon and no control "
                                           "character (RFC 7617)")
                                .arg(quoted(auth.username)));
            }
        }
        if (auth.scheme == AuthScheme::Header) {
            const QString key = QStringLiteral("name");
            auth.header =
                map.required_string(key, QStringLiteral("the header that carries the credential"));
            if (auth.header.isEmpty()) return;
            if (!is_token(auth.header) || kFramingHeaders.contains(auth.header.toLower())) {
                map.problem(key, QStringLiteral("found %1, which cannot carry a credential")
                                     .arg(quoted(auth.header)));
            }
            const QString prefix_key = QStringLiteral("prefix");
            auth.prefix = map.string(prefix_key).value_or(QString());
            if (!is_one_line(auth.prefix) || auth.prefix.trimmed() != auth.prefix) {
                map.problem(prefix_key,
                            QStringLiteral("found %1: control characters and blanks around "
                                           "it are not allowed")
                                .arg(quoted(auth.prefix)));
            }
        }
        if (auth.scheme == AuthScheme::Query) {
            const QString key = QStringLiteral("name");
            auth.parameter = map.required_string(
                key, QStringLiteral("the query parameter that carries the credential"));
            // Unreserved characters (RFC 3986, section 2.3): a name with one spelling.
            if (!auth.parameter.isEmpty() && !is_unreserved(auth.parameter)) {
                map.problem(key, QStringLiteral("found %1, expected letters, digits, \"-\", \".\", "
                                                "\"_\" and \"~\"")
                                     .arg(quoted(auth.parameter)));
            }
        }
    }

    void read_git() {
        const QString key = QStringLiteral("git");
        const Value* node = map_.mapping(key);
        if (node == nullptr) return;
        MapReader map(*node, map_.path_of(key), problems_);
        route_.git_fetch = map.boolean(QStringLiteral("fetch")).value_or(false);
        map.refuse(
            QStringLiteral("push"),
            QStringLiteral("a push over HTTPS is never allowed: git-gate is the door for it"));
        map.finish();
    }

    void read_dlp_mode() {
        const auto dlp = read_dlp(map_);
        if (!dlp) return;
        route_.dlp = *dlp;
    }

    void read_websocket() {
        const QString key = QStringLiteral("websocket");
        const auto websocket = map_.boolean(key);
        if (!websocket) return;
        route_.websocket = *websocket;
    }

    // What is not decrypted can be judged by host, port, SNI and byte counts alone.
    void read_intercept() {
        const QString key = QStringLiteral("intercept");
        route_.intercept = map_.boolean(key).value_or(true);
        if (route_.intercept) return;
        map_.need_enforced(key, "egress.routes[].intercept: false");
        for (const char* name : {"auth", "methods", "path_allowlist", "git", "websocket"}) {
            const QString other = QString::fromLatin1(name);
            if (map_.find(other) == nullptr) continue;
            map_.problem(other,
                         QStringLiteral("needs to see the requests, and \"intercept: false\" "
                                        "leaves them encrypted: remove one of the two"));
        }
        if (map_.find(QStringLiteral("dlp")) != nullptr && route_.dlp != Dlp::Off) {
            map_.problem(QStringLiteral("dlp"),
                         QStringLiteral("needs to see the requests, and \"intercept: false\" "
                                        "leaves them encrypted: remove one of the two"));
        }
    }

    void read_route_budget() {
        const QString key = QStringLiteral("budget");
        const Value* node = map_.mapping(key);
        if (node == nullptr) return;
        route_.budget = read_budget(*node, map_.path_of(key), problems_);
        map_.need_enforced(key, "egress.routes[].budget");
    }

    MapReader map_;
    Problems& problems_;
    RouteWriter writer_;
    RouteManifest route_;
};

}  // namespace

QList<RouteManifest> read_routes(const Value& routes, const QString& path, RouteWriter writer,
                                 Problems& problems) {
    QList<RouteManifest> list;
    QHash<QString, int> lines;  // host → line of its first route
    for (std::size_t i = 0; i < routes.items.size(); ++i) {
        const QString item_path = QStringLiteral("%1[%2]").arg(path).arg(i);
        RouteReader reader(routes.items[i], item_path, writer, problems);
        RouteManifest route = reader.read();
        if (!route.host.isEmpty()) {
            const auto first = lines.constFind(route.host);
            if (first != lines.constEnd()) {
                problems.add(reader.host_line(), item_path + QStringLiteral(".host"),
                             QStringLiteral("%1 has a route already, in line %2: merge the two")
                                 .arg(quoted(route.host))
                                 .arg(*first));
            } else {
                lines.insert(route.host, reader.host_line());
            }
        }
        list += std::move(route);
    }
    return list;
}

// In the order of Dlp.
const QStringList& dlp_words() {
    static const QStringList words = {QStringLiteral("block"), QStringLiteral("hold"),
                                      QStringLiteral("off")};
    return words;
}

QString to_string(Dlp dlp) {
    return dlp_words().at(static_cast<int>(dlp));
}

std::optional<Dlp> read_dlp(MapReader& map) {
    const auto index = map.word(QStringLiteral("dlp"), dlp_words());
    if (!index) return std::nullopt;
    return static_cast<Dlp>(*index);
}

Budget read_budget(const Value& node, const QString& path, Problems& problems) {
    MapReader map(node, path, problems);
    Budget budget;
    budget.requests =
        map.integer(QStringLiteral("requests"), 1, std::numeric_limits<qint64>::max());
    budget.bytes = map.size(QStringLiteral("bytes"));
    map.finish();
    if (node.members.empty()) {
        problems.add(
            node.line, path,
            QStringLiteral("neither \"requests\" nor \"bytes\" is set: leave the key out"));
    }
    return budget;
}

QString to_string(AuthScheme scheme) {
    for (const auto& [value, name] : kSchemes) {
        if (value == scheme) return QString::fromLatin1(name);
    }
    return {};
}

}  // namespace botbottle
