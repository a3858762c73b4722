// What exists only inside a bottle, brought to the host while it still can be: the workspace and
// the conversation of a backend whose `host_paths` leave them out (docs/plugin-abi.md, "Backend").
//
// A backend whose bottles work in directories of the host keeps them anyway; there all of this does
// nothing.
#pragma once

#include <QStringList>

#include "base/error.h"
#include "bottles/metadata.h"
#include "bottles/provisioning.h"
#include "plugins/plugin.h"

namespace botbottle {

// Makes metadata.workspace hold what the agent's has now. What was left alone there keeps its
// change time. Gives notes about what could not come along.
Result<QStringList> bring_workspace_out(const BackendPlugin& backend, const Metadata& metadata);

// Copies what the provider's plan calls the conversation into the state directory, in the place of
// what an earlier end left there.
Result<void> bring_conversation_out(const BackendPlugin& backend, const Metadata& metadata);

// What the last end left, for the bottle that goes on.
QList<KeptConversation> kept_conversation(const Metadata& metadata);

}  // namespace botbottle
