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

// What is held and asked about by botbottle itself: a request in which the scanner found something,
// a push that needs an approval. It is let through as it is, once, or not.
inline constexpr const char* kHeldRequest = "dlp-hold";
inline constexpr const char* kHeldPush = "push-hold";
bool is_held(const QString& tool);
// What it asks for, in one line, and what letting it through would mean.
QString held_words(const QString& tool, const QJsonObject& payload);
RouteDelta held_delta(const QString& tool, const QJsonObject& payload, const QString& scope);

// Another image, as `capability-block` proposes it.
inline constexpr const char* kCapability = "capability-block";

// "GET, POST to api.example.com, port 443, paths /v1, with credential GH_PAT (Bearer)".
QString route_words(const QJsonObject& payload);

}  // namespace botbottle
