// A backend that takes its time: `probe` with signs of life, `launch` until it is cancelled, `list`
// for ever.
#include <botbottle/plugin.h>

#include <chrono>
#include <cstring>
#include <thread>

namespace {

using namespace std::chrono_literals;

const botbottle_host* host = nullptr;

botbottle_status answer(const botbottle_sink* sink) {
    sink->write(sink->context, "{}", 2);
    return BOTBOTTLE_OK;
}

botbottle_status quick(void*, const char*, size_t, const botbottle_sink* sink) {
    return answer(sink);
}

botbottle_status busy(void*, const char*, size_t, const botbottle_sink* sink) {
    for (int i = 0; i < 10; ++i) {
        std::this_thread::sleep_for(400ms);
        host->progress(host->context, "{}", 2);
    }
    return answer(sink);
}

botbottle_status until_cancelled(void*, const char*, size_t, const botbottle_sink* sink) {
    while (host->cancelled(host->context) == 0)
        std::this_thread::sleep_for(10ms);
    return answer(sink);
}

botbottle_status for_ever(void*, const char*, size_t, const botbottle_sink*) {
    for (;;)
        std::this_thread::sleep_for(1h);
}

const botbottle_backend kTable = {sizeof(botbottle_backend),
                                  &busy,             // probe
                                  &quick,            // prepare
                                  &until_cancelled,  // launch
                                  &quick,            // exec
                                  &quick,            // attach
                                  &quick,            // copy_in
                                  &quick,            // copy_out
                                  &quick,            // stop
                                  &for_ever,         // list
                                  &quick,            // leftovers
                                  &quick};           // remove

const void* extension(void*, const char* id) {
    return std::strcmp(id, BOTBOTTLE_EXTENSION_BACKEND) == 0 ? &kTable : nullptr;
}

botbottle_instance instance = {sizeof(botbottle_instance), nullptr, &extension,
                               [](botbottle_instance*) {}};

const char* describe() {
    return R"({"schema": "botbottle.plugin/1", "id": "hanging", "kind": "backend", "version": "1",
               "summary": "s", "extensions": ["botbottle.backend/1"], "host_env": [], "settings": {}})";
}

botbottle_instance* create(const botbottle_host* given, const botbottle_sink*) {
    host = given;
    return &instance;
}

}  // namespace

extern "C" BOTBOTTLE_EXPORT const botbottle_plugin_entry botbottle_plugin = {
    BOTBOTTLE_ABI_MAJOR, 0, sizeof(botbottle_plugin_entry), 0, &describe, &create};
