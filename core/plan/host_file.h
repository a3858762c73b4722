// Files of the operator's that hold a credential: found, read, and the one value taken out.
#pragma once

#include <QByteArray>
#include <QString>

#include "base/error.h"
#include "base/secret.h"
#include "manifest/settings.h"
#include "plan/plan.h"
#include "plugins/descriptor.h"

namespace botbottle {

// The first of the schema's paths whose variable is set.
QString host_file_path(const HostFileSchema& schema, const QString& user_home,
                       const HostVariables& variables);

// The content: UTF-8, at most 1 MiB, of a regular file. The error's message is the reason alone.
Result<QByteArray> read_host_file(const QString& path);

// The string that the file's pointer names. Error `credentials_unusable` with what renews it.
Result<Secret> read_host_credential(const CredentialFile& file);

}  // namespace botbottle
