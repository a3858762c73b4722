// A plugin that takes its process along, in two ways.
#include <botbottle/plugin.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>

namespace {

botbottle_status crash(void*, const char*, size_t, const botbottle_sink*) {
    raise(SIGSEGV);
    return BOTBOTTLE_OK;
}

botbottle_status leave(void*, const char*, size_t, const botbottle_sink*) {
    _exit(0);
}

const botbottle_provider kTable = {sizeof(botbottle_provider), &crash, &leave};

const void* extension(void*, const char* id) {
    return std::strcmp(id, BOTBOTTLE_EXTENSION_PROVIDER) == 0 ? &kTable : nullptr;
}

botbottle_instance instance = {sizeof(botbottle_instance), nullptr, &extension,
                               [](botbottle_instance*) {}};

const char* describe() {
    return R"({"schema": "botbottle.plugin/1", "id": "crashing", "kind": "provider", "version": "1",
               "summary": "s", "extensions": ["botbottle.provider/1"], "host_env": [], "settings": {}})";
}

botbottle_instance* create(const botbottle_host*, const botbottle_sink*) {
    return &instance;
}

}  // namespace

extern "C" BOTBOTTLE_EXPORT const botbottle_plugin_entry botbottle_plugin = {
    BOTBOTTLE_ABI_MAJOR, 0, sizeof(botbottle_plugin_entry), 0, &describe, &create};
