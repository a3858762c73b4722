#include "cli/running_bottle.h"

namespace botbottle::cli {

Result<RunningBottle> find_running(Context& context, const QString& identity) {
    auto metadata = load_metadata(context.home(), identity);
    if (!metadata) return tl::make_unexpected(metadata.error());
    const Inventory inventory = take_inventory(context.home(), context.plugins());
    const InventoryItem* item = inventory.find(identity);
    if (item == nullptr)
        return failure("unknown_identity", "there is no bottle " + identity.toStdString());
    if (item->state != BottleState::Running)
        return failure(
            "not_running",
            identity.toStdString() + " is not running: " + describe(item->state).toStdString(),
            item->state == BottleState::Preserved
                ? "`botbottle resume " + identity.toStdString() + "` starts it again"
                : "`botbottle cleanup` removes what is left of it");
    auto backend = context.plugins().backend(item->metadata.backend);
    if (!backend) return tl::make_unexpected(backend.error());
    return RunningBottle{*item, *backend};
}

}  // namespace botbottle::cli
