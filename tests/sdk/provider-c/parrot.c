/* A provider in plain C: an agent that is a script, with one setting that names a credential. */
#include <botbottle/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char descriptor[] =
    "{\"schema\": \"botbottle.plugin/1\", \"id\": \"parrot-c\", \"kind\": \"provider\","
    " \"version\": \"1.0\", \"summary\": \"A parrot, in C\","
    " \"extensions\": [\"botbottle.provider/1\"], \"host_env\": [], \"settings\": {"
    "  \"api_key\": {\"type\": \"string\", \"format\": \"host-variable\", \"required\": true,"
    "                \"summary\": \"name of the host variable with the key\"},"
    "  \"loud\": {\"type\": \"bool\", \"summary\": \"whether it shouts\"}}}";

static void put(const botbottle_sink* sink, const char* text) {
    sink->write(sink->context, text, strlen(text));
}

static botbottle_status refuse(const botbottle_sink* sink, const char* message) {
    put(sink, "{\"code\": \"invalid_request\", \"hint\": \"\", \"message\": \"");
    put(sink, message);
    put(sink, "\"}");
    return BOTBOTTLE_INVALID_REQUEST;
}

/* The text of `"name": "…"`, which has no escapes here; false when there is none. The host checked
 * the settings against the schema above, so what is searched for can only be where it belongs. */
static int find_text(const char* request, size_t size, const char* name, char* out, size_t room) {
    const size_t length = strlen(name);
    for (size_t at = 0; at + length + 4 < size; ++at) {
        if (request[at] != '"' || strncmp(request + at + 1, name, length) != 0 ||
            request[at + 1 + length] != '"')
            continue;
        size_t from = at + length + 2;
        while (from < size && (request[from] == ' ' || request[from] == ':'))
            ++from;
        if (from >= size || request[from] != '"') continue;
        size_t end = ++from;
        while (end < size && request[end] != '"')
            if (request[end++] == '\\') return 0;
        if (end >= size || end - from >= room) return 0;
        memcpy(out, request + from, end - from);
        out[end - from] = '\0';
        return 1;
    }
    return 0;
}

static botbottle_status provision(void* context, const char* request, size_t size,
                                  const botbottle_sink* sink) {
    char key[128];
    (void)context;
    if (size < 2 || request[0] != '{' || request[size - 1] != '}')
        return refuse(sink, "the request is not a JSON object");
    if (!find_text(request, size, "api_key", key, sizeof key))
        return refuse(sink, "settings.api_key is missing");
    put(sink,
        "{\"schema\": \"botbottle.provider-plan/1\", \"command\": \"parrot\","
        " \"env\": {\"PARROT_KEY\": \"placeholder\"}, \"hidden_env\": [\"PARROT_KEY\"],"
        " \"routes\": [{\"host\": \"parrot.example\", \"ports\": [443],"
        "               \"path_allowlist\": [\"/v1/repeat\"],"
        "               \"auth\": {\"scheme\": \"Bearer\", \"secret\": \"key\"}}],"
        " \"secrets\": {\"key\": {\"host_variable\": \"");
    put(sink, key);
    put(sink, "\"}}}");
    return BOTBOTTLE_OK;
}

static botbottle_status command_line(void* context, const char* request, size_t size,
                                     const botbottle_sink* sink) {
    char prompt[4096];
    (void)context;
    if (size < 2 || request[0] != '{' || request[size - 1] != '}')
        return refuse(sink, "the request is not a JSON object");
    if (!find_text(request, size, "headless_prompt", prompt, sizeof prompt)) prompt[0] = '\0';
    put(sink, "{\"argv\": [\"parrot\", \"");
    put(sink, prompt);
    put(sink, "\"]}");
    return BOTBOTTLE_OK;
}

static const botbottle_provider provider = {sizeof(botbottle_provider), provision, command_line};

static const void* extension(void* context, const char* id) {
    (void)context;
    return strcmp(id, BOTBOTTLE_EXTENSION_PROVIDER) == 0 ? &provider : NULL;
}

static void destroy(botbottle_instance* instance) {
    free(instance);
}

static const char* describe(void) {
    return descriptor;
}

static botbottle_instance* create(const botbottle_host* host, const botbottle_sink* sink) {
    botbottle_instance* instance = calloc(1, sizeof *instance);
    (void)host;
    if (instance == NULL) {
        put(sink, "{\"code\": \"out_of_memory\", \"message\": \"out of memory\", \"hint\": \"\"}");
        return NULL;
    }
    instance->struct_size = sizeof *instance;
    instance->extension = extension;
    instance->destroy = destroy;
    return instance;
}

BOTBOTTLE_EXPORT const botbottle_plugin_entry botbottle_plugin = {
    BOTBOTTLE_ABI_MAJOR, BOTBOTTLE_ABI_MINOR, sizeof(botbottle_plugin_entry), 0, describe, create};
