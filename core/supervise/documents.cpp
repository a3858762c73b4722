#include "supervise/documents.h"

#include <QRegularExpression>

namespace botbottle {
namespace {

constexpr auto kProposalSchema = "botbottle.proposal/1";
constexpr auto kDecisionSchema = "botbottle.decision/1";

QString text_of(const QJsonObject& object, const char* key) {
    return object.value(QLatin1String(key)).toString();
}

QDateTime time_of(const QJsonObject& object, const char* key) {
    return QDateTime::fromString(text_of(object, key), Qt::ISODate);
}

QJsonValue written(const QDateTime& time) {
    return time.toUTC().toString(Qt::ISODate);
}

QJsonValue object_or_null(const QJsonObject& object) {
    return object.isEmpty() ? QJsonValue() : QJsonValue(object);
}

}  // namespace

bool is_proposal_id(const QString& text) {
    static const QRegularExpression kId(QStringLiteral("\\Ap-[a-z0-9]{8}\\z"));
    return kId.match(text).hasMatch();
}

Result<Proposal> proposal_from_json(const QJsonObject& object) {
    Proposal proposal{text_of(object, "id"),
                      text_of(object, "identity"),
                      text_of(object, "tool"),
                      time_of(object, "created"),
                      time_of(object, "expires"),
                      text_of(object, "justification"),
                      object.value(QLatin1String("payload")).toObject(),
                      object.value(QLatin1String("base")).toObject()};
    if (text_of(object, "schema") != QLatin1String(kProposalSchema) ||
        !is_proposal_id(proposal.id) || !proposal.expires.isValid() || proposal.payload.isEmpty())
        return failure("bad_proposal", "this is not a proposal of this version");
    return proposal;
}

Result<Decision> decision_from_json(const QJsonObject& object) {
    Decision decision{
        text_of(object, "id"),         text_of(object, "status"),
        text_of(object, "notes"),      object.value(QLatin1String("payload")).toObject(),
        text_of(object, "decided_by"), text_of(object, "scope"),
        time_of(object, "decided"),    object.value(QLatin1String("applied")).toBool()};
    if (text_of(object, "schema") != QLatin1String(kDecisionSchema) ||
        !is_proposal_id(decision.id) || decision.status.isEmpty())
        return failure("bad_decision", "this is not a decision of this version");
    return decision;
}

QJsonObject to_json(const Proposal& proposal) {
    return {{QStringLiteral("schema"), QLatin1String(kProposalSchema)},
            {QStringLiteral("id"), proposal.id},
            {QStringLiteral("identity"), proposal.identity},
            {QStringLiteral("tool"), proposal.tool},
            {QStringLiteral("created"), written(proposal.created)},
            {QStringLiteral("expires"), written(proposal.expires)},
            {QStringLiteral("justification"), proposal.justification},
            {QStringLiteral("payload"), proposal.payload},
            {QStringLiteral("base"), proposal.base}};
}

QJsonObject to_json(const Decision& decision) {
    return {{QStringLiteral("schema"), QLatin1String(kDecisionSchema)},
            {QStringLiteral("id"), decision.id},
            {QStringLiteral("status"), decision.status},
            {QStringLiteral("notes"), decision.notes},
            {QStringLiteral("payload"), object_or_null(decision.payload)},
            {QStringLiteral("decided_by"), decision.decided_by},
            {QStringLiteral("scope"), decision.scope},
            {QStringLiteral("decided"), written(decision.decided)},
            {QStringLiteral("applied"), decision.applied}};
}

}  // namespace botbottle
