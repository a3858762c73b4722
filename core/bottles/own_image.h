// A bottle's own image: the Dockerfile that its agent proposed and the operator approved. It is
// built when it is approved, and is the bottle's from the next resume on.
//
// `<state>/image/<proposal>/Dockerfile`, alone in its directory, which is all that a build sees of
// this machine; `<state>/image/current` names the proposal.
#pragma once

#include <QString>

#include "base/error.h"
#include "bottles/metadata.h"
#include "plugins/plugin.h"

namespace botbottle {

// Empty: none was approved.
QString own_dockerfile(const QString& state_dir);

// The proposal that asked for it; empty: none was approved.
QString own_image_proposal(const QString& state_dir);

// One was approved that the bottle does not run yet.
bool awaits_own_image(const Metadata& metadata);

// The one that the bottle's image is made of: its own, the manifest's, or the one that is
// installed.
Result<QString> dockerfile_text(const Metadata& metadata);

// Builds and, only when that succeeds, makes it the bottle's. What runs is not touched.
Result<void> build_own_image(BackendPlugin& backend, const Metadata& metadata,
                             const QString& proposal, const QString& text);

}  // namespace botbottle
