#include "plugins/sink.h"

#include <QJsonDocument>
#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

namespace botbottle {
namespace {

// A file of a provider's plan may be large; a plugin that writes without end must still stop.
constexpr std::size_t kLargestDocument = 64 * 1024 * 1024;

std::atomic<int> late_writes_count = 0;

const char* code_of(botbottle_status status) {
    switch (status) {
        case BOTBOTTLE_INVALID_REQUEST:
            return "invalid_request";
        case BOTBOTTLE_UNAVAILABLE:
            return "unavailable";
        case BOTBOTTLE_NOT_FOUND:
            return "not_found";
        case BOTBOTTLE_CANCELLED:
            return "cancelled";
        default:
            return "plugin_failed";
    }
}

bool is_code(const QString& text) {
    return !text.isEmpty() && std::all_of(text.begin(), text.end(), [](QChar c) {
        return (c >= u'a' && c <= u'z') || (c >= u'0' && c <= u'9') || c == u'_';
    });
}

}  // namespace

Sink& Sink::make() {
    static auto* const kept = new std::vector<std::unique_ptr<Sink>>;
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    kept->push_back(std::unique_ptr<Sink>(new Sink));
    return *kept->back();
}

QByteArray Sink::pack() const {
    return QByteArray(1, overflowed_ ? '1' : '0') + QByteArray::fromStdString(text_);
}

void Sink::unpack(const QByteArray& packed) {
    const std::lock_guard lock(mutex_);
    overflowed_ = packed.startsWith('1');
    text_ = packed.mid(1).toStdString();
}

void Sink::forget() {
    text_ = std::string();
}

int Sink::late_writes() {
    return late_writes_count;
}

void Sink::close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
}

Sink::Sink() : table_{sizeof(botbottle_sink), this, &Sink::write, &Sink::reset} {}

void Sink::write(void* context, const char* bytes, std::size_t size) {
    auto* sink = static_cast<Sink*>(context);
    const std::lock_guard lock(sink->mutex_);
    if (!sink->open_) ++late_writes_count;
    if (!sink->open_ || bytes == nullptr) return;
    if (size > kLargestDocument - sink->text_.size()) {
        sink->overflowed_ = true;
    } else if (!sink->overflowed_ && size > 0) {
        sink->text_.append(bytes, size);
    }
}

void Sink::reset(void* context) {
    auto* sink = static_cast<Sink*>(context);
    const std::lock_guard lock(sink->mutex_);
    if (!sink->open_) return;
    sink->text_.clear();
    sink->overflowed_ = false;
}

Error Sink::error(botbottle_status status, const QString& plugin) const {
    const QJsonObject document = QJsonDocument::fromJson(QByteArray::fromStdString(text_)).object();
    const QString code = document.value(QStringLiteral("code")).toString();
    const QString message = document.value(QStringLiteral("message")).toString();
    if (message.isEmpty()) {
        return {code_of(status),
                QStringLiteral("plugin %1 failed (status %2) without saying why")
                    .arg(plugin)
                    .arg(status)
                    .toStdString(),
                {}};
    }
    return {is_code(code) ? code.toStdString() : code_of(status), message.toStdString(),
            document.value(QStringLiteral("hint")).toString().toStdString()};
}

Result<QJsonObject> Sink::read(botbottle_status status, const QString& plugin) const {
    if (overflowed_) {
        return failure("bad_reply", QStringLiteral("plugin %1 wrote more than %2 bytes")
                                        .arg(plugin)
                                        .arg(kLargestDocument)
                                        .toStdString());
    }
    if (status != BOTBOTTLE_OK) return tl::make_unexpected(error(status, plugin));
    QJsonParseError problem;
    const QJsonDocument document =
        QJsonDocument::fromJson(QByteArray::fromStdString(text_), &problem);
    if (document.isObject()) return document.object();
    const QString why = problem.error == QJsonParseError::NoError ? QStringLiteral("not an object")
                                                                  : problem.errorString();
    return failure("bad_reply", QStringLiteral("plugin %1 replied with something that is no JSON "
                                               "object: %2")
                                    .arg(plugin, why)
                                    .toStdString());
}

}  // namespace botbottle
