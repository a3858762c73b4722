// What a proposed route would change, exactly, against the policy in force. Pure.
#pragma once

#include <QJsonObject>
#include <QString>
#include <QStringList>

namespace botbottle {

struct RouteDelta {
    QJsonObject route;      // for `egress.allow`: as the policy has it, without owner and slot
    bool replaces = false;  // a route of exactly that host stands there already
    bool keeps_auth = false;
    QString variable;      // the host variable that the credential is read from; empty: none
    QStringList words;     // what changes, one line each, ready for a terminal
    QString refusal;       // why it cannot be granted; empty: it can
    bool nothing = false;  // the policy allows all of it already
};

// `policy` as `policy.show` gives it, `payload` as `egress-block` proposed it or the operator
// edited it.
RouteDelta route_delta(const QJsonObject& policy, const QJsonObject& payload);

// What a held request (tool kHeldRequest) asks for, and what letting it through would mean.
inline constexpr const char* kHeldRequest = "dlp-hold";
QString held_words(const QJsonObject& payload);
RouteDelta held_delta(const QJsonObject& payload, const QString& scope);

// "GET, POST to api.example.com, port 443, paths /v1, with credential GH_PAT (Bearer)".
QString route_words(const QJsonObject& payload);

}  // namespace botbottle
