#include "bottles/session_environment.h"

#include <cstdlib>

namespace botbottle {
namespace {

// How a terminal looks is the operator's; everything else of the host stays out.
void add_terminal(QJsonObject& environment) {
    for (const char* name : {"TERM", "COLORTERM", "LANG"}) {
        if (const char* value = std::getenv(name))
            environment[QLatin1String(name)] = QString::fromLocal8Bit(value);
    }
    if (!environment.contains(QLatin1String("LANG")))
        environment[QStringLiteral("LANG")] = QStringLiteral("C.UTF-8");
}

void add_user(QJsonObject& environment, const Guest& guest) {
    environment[QStringLiteral("HOME")] = guest.home;
    environment[QStringLiteral("USER")] = guest.user;
    environment[QStringLiteral("LOGNAME")] = guest.user;
    environment[QStringLiteral("PATH")] = guest.path;
    environment[QStringLiteral("SHELL")] = QStringLiteral("/bin/sh");
}

// Clients disagree about the case of these names; curl reads http_proxy in lower case only.
void add_proxy(QJsonObject& environment) {
    const QString proxy = QStringLiteral("http://127.0.0.1:%1").arg(kProxyPort);
    for (const char* name : {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"})
        environment[QLatin1String(name)] = proxy;
    for (const char* name : {"NO_PROXY", "no_proxy"})
        environment[QLatin1String(name)] = QStringLiteral("127.0.0.1,localhost,::1");
    // Node reads the variables above only when this is set.
    environment[QStringLiteral("NODE_USE_ENV_PROXY")] = QStringLiteral("1");
}

void add_trust(QJsonObject& environment, const Guest& guest) {
    for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                             "GIT_SSL_CAINFO", "PIP_CERT", "CARGO_HTTP_CAINFO", "AWS_CA_BUNDLE",
                             "NIX_SSL_CERT_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"})
        environment[QLatin1String(name)] = guest.ca_bundle;
    // Node adds this to its own roots, so that it takes the authority alone.
    environment[QStringLiteral("NODE_EXTRA_CA_CERTS")] = guest.ca_certificate;
}

// A JVM reads none of the variables above and no PEM. The options of the manifest come first: of
// two that say the same, it takes the last.
void add_java(QJsonObject& environment, const Guest& guest) {
    QStringList options;
    const QString name = QStringLiteral("JAVA_TOOL_OPTIONS");
    if (const QString own = environment[name].toString(); !own.isEmpty()) options << own;
    for (const char* scheme : {"http", "https"})
        options << QStringLiteral("-D%1.proxyHost=127.0.0.1 -D%1.proxyPort=%2")
                       .arg(QLatin1String(scheme))
                       .arg(kProxyPort);
    options << QStringLiteral("-Djavax.net.ssl.trustStoreType=JKS -Djavax.net.ssl.trustStore=") +
                   java_trust_store_path(guest);
    environment[name] = options.join(u' ');
}

}  // namespace

QJsonObject session_environment(const Plan& plan) {
    QJsonObject environment;
    add_terminal(environment);
    add_user(environment, plan.guest);
    for (const PlannedEnv& variable : plan.env) {
        if (!variable.secret()) environment[variable.name] = variable.value;
    }
    // Last: a manifest that points a client elsewhere would only break it.
    add_proxy(environment);
    add_trust(environment, plan.guest);
    add_java(environment, plan.guest);
    return environment;
}

QJsonObject with_secrets(QJsonObject environment, const std::map<std::string, Secret>& secrets) {
    for (const auto& [name, secret] : secrets) {
        const std::string_view value = secret.reveal();
        environment[QString::fromStdString(name)] =
            QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
    }
    return environment;
}

}  // namespace botbottle
