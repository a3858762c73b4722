#include "plan/policy.h"

#include "plan/git_gate.h"
#include "plan/json.h"

namespace botbottle {

QJsonObject policy_document(const Plan& plan, int revision) {
    const QString& ca = plan.upstream.ca_pem;
    QJsonObject document{
        {QStringLiteral("schema"), QStringLiteral("botbottle.policy/1")},
        {QStringLiteral("revision"), revision},
        {QStringLiteral("routes"), routes_to_json(plan.routes)},
        {QStringLiteral("upstream"),
         QJsonObject{{QStringLiteral("proxy"), proxy_to_json(plan.upstream.proxy)},
                     {QStringLiteral("ca"),
                      ca.isEmpty() ? QJsonValue(QJsonValue::Null) : QJsonValue(ca)}}}};
    if (!plan.repos.empty()) document.insert(QStringLiteral("git_repos"), git_gate_addresses(plan));
    if (!plan.budget.empty())
        document.insert(QStringLiteral("budget"), budget_to_json(plan.budget));
    if (!plan.scan_rules.isEmpty()) document.insert(QStringLiteral("scan_rules"), plan.scan_rules);
    return document;
}

QJsonArray credential_files(const Plan& plan) {
    QJsonArray files;
    for (const CredentialSlot& slot : plan.credential_slots) {
        if (!slot.file) continue;
        QJsonObject file = credential_file_to_json(*slot.file);
        file.insert(QStringLiteral("slot"), slot.slot);
        files += file;
    }
    return files;
}

}  // namespace botbottle
