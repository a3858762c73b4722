/* plugin.h - the botbottle plugin ABI, version 1. Plain C11; needs only <stddef.h> and <stdint.h>.
 *
 * A plugin is a shared library that exports one symbol, `botbottle_plugin`. Core finds it in
 * <prefix>/lib/botbottle/plugins, ~/.bot-bottle/plugins or a directory of BOTBOTTLE_PLUGIN_PATH,
 * checks it (docs/plugin-abi.md, "What is refused"), reads its descriptor, and creates one
 * instance.
 *
 * Rationale. The shape is that of CLAP (free-audio/clap): one exported struct that carries the ABI
 * version, and abilities asked for by id, so that a new ability is a new id and never a changed
 * struct. Every operation takes a JSON document and writes a JSON document into a sink that the
 * host owns: nothing allocated on one side is ever freed on the other, and no C++ type, exception
 * or Qt type crosses the boundary. A plugin can be written in C, C++, Rust or Zig.
 *
 * Strings. Every `const char*` that comes with a size is UTF-8 and not NUL-terminated unless the
 * comment says so. JSON documents are RFC 8259, without a byte order mark.
 *
 * Threads. Core calls `describe` and `create` from the thread that loads plugins, and every
 * operation of one instance from one thread at a time; it may be a different thread each time.
 * Host functions may be called from any thread until `destroy` has returned.
 *
 * Errors. An operation returns BOTBOTTLE_OK and has written its reply, or returns another status
 * and has written an error document: {"code": "...", "message": "...", "hint": "..."}. `code` is a
 * stable lower_snake_case word, `message` says what was wrong and where, `hint` what to do next.
 * Nothing may be thrown or longjmp'ed across the boundary. plugin.hpp does all of this for C++.
 */
#ifndef BOTBOTTLE_PLUGIN_H
#define BOTBOTTLE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A plugin with another major is refused. A minor only adds: host and plugin may differ in it. */
#define BOTBOTTLE_ABI_MAJOR 1u
#define BOTBOTTLE_ABI_MINOR 0u

#if defined(_WIN32)
#define BOTBOTTLE_EXPORT __declspec(dllexport)
#else
#define BOTBOTTLE_EXPORT __attribute__((visibility("default")))
#endif

/* How an operation ended. The numbers are part of the ABI. */
typedef int32_t botbottle_status;
enum {
    BOTBOTTLE_OK = 0,
    BOTBOTTLE_INVALID_REQUEST = 1, /* the request document is malformed or out of range */
    BOTBOTTLE_UNAVAILABLE = 2,     /* this machine lacks something; `hint` says what mends it */
    BOTBOTTLE_NOT_FOUND = 3,       /* the bottle, file or process named does not exist */
    BOTBOTTLE_CANCELLED = 4,       /* host->cancelled returned non-zero; everything was undone */
    BOTBOTTLE_FAILED = 5           /* anything else */
};

enum {
    BOTBOTTLE_LOG_DEBUG = 0,
    BOTBOTTLE_LOG_INFO = 1,
    BOTBOTTLE_LOG_WARNING = 2,
    BOTBOTTLE_LOG_ERROR = 3
};

/* Where an operation writes its one document. Owned by the host, valid during the call only.
 * `write` may be called several times; the pieces are joined. After a failed operation the host
 * takes everything written as the error document: call `reset` first if a reply was begun. */
typedef struct botbottle_sink {
    uint32_t struct_size; /* sizeof(botbottle_sink) of the host */
    void* context;
    void (*write)(void* context, const char* bytes, size_t size);
    void (*reset)(void* context);
} botbottle_sink;

/* What the host offers a plugin. Owned by the host; valid from `create` until `destroy` returns. */
typedef struct botbottle_host {
    uint32_t struct_size; /* sizeof(botbottle_host) of the host */
    uint32_t abi_minor;   /* BOTBOTTLE_ABI_MINOR of the host */
    void* context;
    /* One line, no newline, no secret. */
    void (*log)(void* context, int32_t level, const char* message, size_t size);
    /* {"phase": "...", "message": "...", "done": n, "total": n}; done and total are optional. */
    void (*progress)(void* context, const char* json, size_t size);
    /* Non-zero once the operator has asked to stop: undo, write an error, return CANCELLED. */
    int32_t (*cancelled)(void* context);
    /* Host extensions by NUL-terminated id; NULL when unknown. Version 1.0 defines none. */
    const void* (*extension)(void* context, const char* id);
} botbottle_host;

/* Every operation has this shape. `context` is botbottle_instance.context. `request` is a JSON
 * object of `request_size` bytes, owned by the host and valid during the call only. */
typedef botbottle_status (*botbottle_operation)(void* context, const char* request,
                                                size_t request_size, const botbottle_sink* sink);

/* One instance of a plugin. Owned by the plugin; released by `destroy`, after which the host uses
 * neither it nor any table got from it. */
typedef struct botbottle_instance {
    uint32_t struct_size; /* sizeof(botbottle_instance) of the plugin */
    void* context;
    /* The function table of an ability by NUL-terminated id, NULL when the plugin lacks it.
     * The table lives as long as the instance. */
    const void* (*extension)(void* context, const char* id);
    void (*destroy)(struct botbottle_instance* instance);
} botbottle_instance;

/* The exported symbol. `const`, statically initialised: reading it runs no code of the plugin. */
typedef struct botbottle_plugin_entry {
    uint32_t abi_major;   /* BOTBOTTLE_ABI_MAJOR that the plugin was built with */
    uint32_t abi_minor;   /* BOTBOTTLE_ABI_MINOR that the plugin was built with */
    uint32_t struct_size; /* sizeof(botbottle_plugin_entry) of the plugin; shorter is refused */
    uint32_t reserved;    /* 0 */
    /* The descriptor: a NUL-terminated JSON object in static storage (docs/plugin-abi.md). Without
     * side effects: no file, no socket, no thread, no environment. Never NULL. */
    const char* (*describe)(void);
    /* A new instance, or NULL with an error document in the sink. */
    botbottle_instance* (*create)(const botbottle_host* host, const botbottle_sink* sink);
} botbottle_plugin_entry;

#define BOTBOTTLE_PLUGIN_SYMBOL "botbottle_plugin"
extern BOTBOTTLE_EXPORT const botbottle_plugin_entry botbottle_plugin;

/* ---- Provider operations (docs/plugin-abi.md, "Provider") -------------------------------------
 * A provider turns manifest settings into a plan, and a plan into a command line. It runs no agent,
 * touches no network, and writes only below the `state_dir` that the request names. */
#define BOTBOTTLE_EXTENSION_PROVIDER "botbottle.provider/1"
typedef struct botbottle_provider {
    uint32_t struct_size;
    botbottle_operation provision;    /* settings, guest, host_env -> the plan */
    botbottle_operation command_line; /* what to run -> argv */
} botbottle_provider;

/* Optional: what a line of the agent's output means. */
#define BOTBOTTLE_EXTENSION_PROVIDER_EVENTS "botbottle.provider.events/1"
typedef struct botbottle_provider_events {
    uint32_t struct_size;
    botbottle_operation normalise; /* one line -> one event, or {} for "nothing worth telling" */
} botbottle_provider_events;

/* ---- Backend operations (docs/plugin-abi.md, "Backend") ---------------------------------------
 * A backend starts an isolated root with the given files and socket directory, runs commands in it
 * and stops it. It knows nothing of agents, routes or credentials, and never sees a secret. */
#define BOTBOTTLE_EXTENSION_BACKEND "botbottle.backend/1"
typedef struct botbottle_backend {
    uint32_t struct_size;
    botbottle_operation probe;     /* can this machine isolate? what is missing, what mends it */
    botbottle_operation prepare;   /* make what a launch needs; nothing runs yet */
    botbottle_operation launch;    /* start the bottle; returns when its relay answers */
    botbottle_operation exec;      /* run a command to its end, output captured */
    botbottle_operation attach;    /* the argv that the host runs for a session */
    botbottle_operation copy_in;   /* files from the host into the bottle */
    botbottle_operation copy_out;  /* files from the bottle to the host, never following links */
    botbottle_operation stop;      /* end every process of the bottle; idempotent */
    botbottle_operation list;      /* bottles of this backend that run now */
    botbottle_operation leftovers; /* what a crash left behind */
    botbottle_operation remove;    /* remove leftovers by id, or a prepared bottle */
} botbottle_backend;

#ifdef __cplusplus
}
#endif

#endif /* BOTBOTTLE_PLUGIN_H */
