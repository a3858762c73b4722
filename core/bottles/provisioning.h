// Provisioning: what core puts into a bottle once it runs, as one ordered list.
//
// trust store → prompt → provider files → conversation → skills → workspace → git config. Pure: the
// list is made here, and walked by the launch with the backend's `copy_in` and `exec` alone.
#pragma once

#include <QJsonArray>
#include <QString>
#include <QStringList>
#include <vector>

#include "bottles/trust_bundle.h"
#include "plan/plan.h"

namespace botbottle {

// A part of a conversation that was brought out of a bottle, and goes back to where it was.
struct KeptConversation {
    QString path;    // in the bottle
    QString source;  // on the host
};

// Either entries to copy in, or a command to run in the bottle.
struct ProvisioningStep {
    QString what;  // for people, in errors and progress
    QJsonArray entries;
    QStringList command;
    bool copies() const { return command.isEmpty(); }
};

struct ProvisioningSources {
    QString authority;  // the bottle's CA certificate, PEM
    TrustFiles trust;   // on the host
    QString workspace;  // on the host: the copy to bring in; empty when it is there already
    QList<KeptConversation> conversation = {};  // of a bottle that goes on
};

// Where the prompt lies in the bottle; empty when the plan has none.
QString prompt_file(const Plan& plan);

// Neighbouring copies are joined: each is one call of the backend.
std::vector<ProvisioningStep> provisioning_steps(const Plan& plan,
                                                 const ProvisioningSources& sources);

}  // namespace botbottle
