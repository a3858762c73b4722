// botbottle completion names KIND: what a shell offers. It says nothing on stderr: the operator is
// in the middle of a line.
#include "bottles/inventory.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"

namespace botbottle::cli {
namespace {

QStringList identities(Context& context) {
    QStringList names;
    for (const InventoryItem& item : take_inventory(context.home(), context.plugins()).bottles)
        names += item.metadata.identity;
    return names;
}

}  // namespace

int run_completion_names(const GlobalOptions& global, const QString& kind) {
    auto made = Context::make(global);
    if (!made) return kFailed;
    Context& context = **made;
    const auto store = ManifestStore::load(context.home().path(), context.working_directory());
    QStringList names;
    const bool all = kind == QLatin1String("names");
    if (all || kind == QLatin1String("agents")) names += store.agent_names();
    if (all || kind == QLatin1String("bottles")) names += store.bottle_names();
    if (all || kind == QLatin1String("identities")) names += identities(context);
    const bool plugins = kind == QLatin1String("plugins");
    if (plugins || kind == QLatin1String("backends"))
        names += context.plugins().ids(PluginKind::Backend);
    if (plugins || kind == QLatin1String("providers"))
        names += context.plugins().ids(PluginKind::Provider);
    names.removeDuplicates();
    for (const QString& name : names)
        print_line(name);
    return kDone;
}

int print_text(const QString& text) {
    print(text);
    return kDone;
}

}  // namespace botbottle::cli
