// Where a plugin writes its one document: bounded, and read as JSON when the call has returned.
//
// A plugin may keep the sink and write later, from any thread, although plugin.h forbids it: a sink
// that was closed takes nothing more, and none is ever freed before the process ends (`make`).
#pragma once

#include <botbottle/plugin.h>

#include <QByteArray>
#include <QJsonObject>
#include <QString>
#include <mutex>
#include <string>

#include "base/error.h"

namespace botbottle {

class Sink {
  public:
    static Sink& make();
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    const botbottle_sink* table() const { return &table_; }

    // Takes nothing more from here on.
    void close();

    // What was left in a sink of another process, and back into one.
    QByteArray pack() const;
    void unpack(const QByteArray& packed);

    // Gives the text's memory back, after it was read.
    void forget();

    // How often something was written into a closed one.
    static int late_writes();

    // The reply or the error that a call with this status has left. `plugin` is for messages.
    Result<QJsonObject> read(botbottle_status status, const QString& plugin) const;

  private:
    Sink();
    static void write(void* context, const char* bytes, std::size_t size);
    static void reset(void* context);
    Error error(botbottle_status status, const QString& plugin) const;

    botbottle_sink table_;
    std::mutex mutex_;
    std::string text_;  // of an open sink the plugin's, of a closed one ours
    bool open_ = true;
    bool overflowed_ = false;
};

}  // namespace botbottle
