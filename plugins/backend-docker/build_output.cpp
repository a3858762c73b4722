#include "build_output.h"

#include <nlohmann/json.hpp>

namespace backend_docker {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestLine = 1024 * 1024;
constexpr std::size_t kKept = 2000;

std::string text_in(const Json& document, const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

// A step's output may hold anything: what is shown is one line, and moves no cursor.
std::string one_line(std::string text) {
    const std::size_t end = text.find_last_not_of("\r\n ");
    text.resize(end == std::string::npos ? 0 : end + 1);
    if (const std::size_t begin = text.find_last_of("\r\n"); begin != std::string::npos) {
        text.erase(0, begin + 1);
    }
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return text;
}

}  // namespace

void BuildOutput::add(std::string_view bytes) {
    for (;;) {
        const std::size_t end = bytes.find('\n');
        if (pending_.size() + std::min(end, bytes.size()) > kLongestLine) pending_.clear();
        pending_.append(bytes.substr(0, end));
        if (end == std::string_view::npos) return;
        take(pending_);
        pending_.clear();
        bytes.remove_prefix(end + 1);
    }
}

void BuildOutput::take(std::string_view line) {
    const Json document = Json::parse(line, nullptr, false);
    if (!document.is_object()) return;
    if (const std::string stream = text_in(document, "stream"); !stream.empty()) {
        said_ += stream;
        if (said_.size() > kKept) said_.erase(0, said_.size() - kKept);
        if (const std::string shown = one_line(stream); !shown.empty()) progress_(shown);
    }
    if (const std::string status = text_in(document, "status"); !status.empty()) {
        const std::string id = text_in(document, "id");
        const std::string bar = text_in(document, "progress");
        progress_(
            one_line((id.empty() ? "" : id + ": ") + status + (bar.empty() ? "" : " " + bar)));
    }
    if (const std::string error = text_in(document, "error"); !error.empty()) error_ = error;
}

std::string BuildOutput::failure() const {
    if (error_.empty()) return {};
    return said_.empty() ? error_ : error_ + "\n" + said_;
}

}  // namespace backend_docker
