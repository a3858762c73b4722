/* A provider in plain C11 against plugin.h alone. Each macro makes it wrong in one way. */
#define _GNU_SOURCE
#include <botbottle/plugin.h>
#include <stdlib.h>
#include <string.h>

#ifndef SAMPLE_ID
#define SAMPLE_ID "sample"
#endif
#ifndef SAMPLE_MAJOR
#define SAMPLE_MAJOR BOTBOTTLE_ABI_MAJOR
#endif
#ifndef SAMPLE_ENTRY_SIZE
#define SAMPLE_ENTRY_SIZE sizeof(botbottle_plugin_entry)
#endif
#ifndef SAMPLE_TABLE_SIZE
#define SAMPLE_TABLE_SIZE sizeof(botbottle_provider)
#endif
#ifndef SAMPLE_DESCRIPTOR
#define SAMPLE_DESCRIPTOR                                                                         \
    "{\"schema\": \"botbottle.plugin/1\", \"id\": \"" SAMPLE_ID                                   \
    "\", \"kind\": \"provider\", \"version\": \"1\", \"summary\": \"a sample\", \"extensions\": " \
    "[\"botbottle.provider/1\"], \"host_env\": [], \"settings\": {}}"
#endif

/* Tells the test that this file was loaded. */
__attribute__((constructor)) static void loaded(void) {
    setenv("BOTBOTTLE_SAMPLE_" SAMPLE_ID, "1", 1);
}

static const botbottle_host* host;

static void put(const botbottle_sink* sink, const char* text) {
    sink->write(sink->context, text, strlen(text));
}

/* Does what the request says, so that one library shows every answer a plugin can give. */
static botbottle_status provision(void* context, const char* request, size_t size,
                                  const botbottle_sink* sink) {
    (void)context;
    if (memmem(request, size, "\"echo\"", 6)) {
        sink->write(sink->context, request, size / 2);
        sink->write(sink->context, request + size / 2, size - size / 2);
        return BOTBOTTLE_OK;
    }
    if (memmem(request, size, "\"nothing\"", 9)) return BOTBOTTLE_OK;
    if (memmem(request, size, "\"not-json\"", 10)) return put(sink, "{oops"), BOTBOTTLE_OK;
    if (memmem(request, size, "\"list\"", 6)) return put(sink, "[]"), BOTBOTTLE_OK;
    if (memmem(request, size, "\"silent\"", 8)) return BOTBOTTLE_UNAVAILABLE;
    if (memmem(request, size, "\"bad-code\"", 10)) {
        return put(sink, "{\"code\": \"Not A Code\", \"message\": \"m\"}"), BOTBOTTLE_NOT_FOUND;
    }
    if (memmem(request, size, "\"error\"", 7)) {
        put(sink, "{\"half\": ");
        sink->reset(sink->context);
        put(sink,
            "{\"code\": \"no_such_thing\", \"message\": \"it is gone\", \"hint\": \"look again\"}");
        return BOTBOTTLE_NOT_FOUND;
    }
    if (memmem(request, size, "\"flood\"", 7)) {
        static char block[1 << 20];
        for (int i = 0; i < 100; ++i)
            sink->write(sink->context, block, sizeof block);
        return BOTBOTTLE_OK;
    }
    if (memmem(request, size, "\"callbacks\"", 11)) {
        static const char progress[] = "{\"phase\": \"p\", \"done\": 1, \"total\": 2}";
        host->progress(host->context, progress, sizeof progress - 1);
        host->progress(host->context, "not json", 8);
        host->log(host->context, BOTBOTTLE_LOG_DEBUG, "a line", 6);
        host->log(host->context, 77, "an unknown level", 16);
        const int known = host->extension(host->context, "unknown/1") != NULL;
        return put(sink, host->cancelled(host->context) && !known ? "{\"cancelled\": true}"
                                                                  : "{\"cancelled\": false}"),
               BOTBOTTLE_OK;
    }
    return put(sink, "{}"), BOTBOTTLE_OK;
}

static botbottle_status command_line(void* context, const char* request, size_t size,
                                     const botbottle_sink* sink) {
    (void)context, (void)request, (void)size;
    return put(sink, "{\"argv\": [\"true\"]}"), BOTBOTTLE_OK;
}

static const botbottle_provider table = {(uint32_t)SAMPLE_TABLE_SIZE, provision,
#ifdef SAMPLE_NO_COMMAND_LINE
                                         NULL
#else
                                         command_line
#endif
};

static const void* extension(void* context, const char* id) {
    (void)context;
#ifdef SAMPLE_NO_TABLE
    (void)id;
    return NULL;
#else
    return strcmp(id, BOTBOTTLE_EXTENSION_PROVIDER) == 0 ? &table : NULL;
#endif
}

static void destroy(botbottle_instance* instance) {
    (void)instance;
    setenv("BOTBOTTLE_DESTROYED_" SAMPLE_ID, "1", 1);
}

static botbottle_instance instance = {sizeof(botbottle_instance), NULL, extension, destroy};

static const char* describe(void) {
#ifdef SAMPLE_DESCRIBES_NULL
    return NULL;
#else
    return SAMPLE_DESCRIPTOR;
#endif
}

static botbottle_instance* create(const botbottle_host* given, const botbottle_sink* sink) {
    host = given;
    (void)sink;
#ifdef SAMPLE_CREATE_FAILS
    put(sink, "{\"code\": \"no_license\", \"message\": \"not today\", \"hint\": \"tomorrow\"}");
    return NULL;
#endif
#ifdef SAMPLE_SHORT_INSTANCE
    instance.struct_size = 4;
#endif
    return &instance;
}

#ifndef SAMPLE_NO_ENTRY
BOTBOTTLE_EXPORT const botbottle_plugin_entry botbottle_plugin = {
    SAMPLE_MAJOR, 0, (uint32_t)(SAMPLE_ENTRY_SIZE), 0,
#ifdef SAMPLE_NO_DESCRIBE
    NULL,
#else
    describe,
#endif
#ifdef SAMPLE_NO_CREATE
    NULL
#else
    create
#endif
};
#else
const void* botbottle_unused[] = {(const void*)&describe, (const void*)&create};
#endif

#ifdef SAMPLE_UNRESOLVED
extern int botbottle_no_such_function(void);
int botbottle_calls_it(void) {
    return botbottle_no_such_function();
}
#endif
