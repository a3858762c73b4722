#include "session_output.h"

#include <nlohmann/json.hpp>

#include "tool_error.h"

namespace backend_smolmachines {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMark = "Error: ";
constexpr std::size_t kMostHeld = 8192;

// Where in `text` a line begins that is smolvm's, or may become it; npos for none.
std::size_t find_mark(std::string_view text, bool line_start) {
    for (std::size_t line = line_start ? 0 : text.find('\n');;) {
        if (!line_start || line != 0) {
            if (line == std::string_view::npos) return line;
            ++line;
        }
        line_start = false;
        const std::string_view rest = text.substr(line);
        if (rest.empty()) return std::string_view::npos;
        if (rest.starts_with(kMark) || kMark.starts_with(rest)) return line;
        line = text.find('\n', line);
    }
}

}  // namespace

std::string ErrorStream::feed(std::string_view bytes) {
    if (bytes.empty()) return {};
    std::string all = std::move(held_) + std::string(bytes);
    const bool at_start = line_start_;
    held_.clear();
    const std::size_t mark = find_mark(all, at_start);
    if (mark != std::string_view::npos && all.size() - mark <= kMostHeld) {
        held_ = all.substr(mark);
        all.resize(mark);
    }
    if (!all.empty()) line_start_ = all.back() == '\n';
    return all;
}

std::string ErrorStream::flush() {
    if (!held_.empty()) line_start_ = held_.back() == '\n';
    return std::exchange(held_, {});
}

std::string checked_outcome(std::string_view text) {
    const Json document = Json::parse(text, nullptr, false);
    if (!document.is_object()) return {};
    const auto outcome = document.find("outcome");
    if (outcome == document.end() || !outcome->is_string()) return {};
    const auto has_number = [&](const char* key) {
        const auto number = document.find(key);
        return number != document.end() && number->is_number_integer() && number->get<int>() >= 0 &&
               number->get<int>() <= 255;
    };
    const auto has_text = [&](const char* key) {
        const auto member = document.find(key);
        return member != document.end() && member->is_string();
    };
    const bool sound = (*outcome == "exited" && has_number("code")) ||
                       (*outcome == "signaled" && has_number("signal")) || *outcome == "detached" ||
                       (*outcome == "failed" && has_text("code") && has_text("message"));
    return sound ? document.dump(-1, ' ', false, Json::error_handler_t::replace) : std::string();
}

std::string failed_outcome(int exit_code, std::string_view errors) {
    const ToolError error = explain("run the session", exit_code, errors);
    const std::string message = error.message + (error.hint.empty() ? "" : " (" + error.hint + ")");
    const bool gone = error.code == "no_machine" || error.code == "not_running";
    return Json{{"outcome", "failed"},
                {"code", gone                            ? "not_running"
                         : error.code == "smolvm_failed" ? "session_lost"
                                                         : error.code},
                {"message", message}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

int exit_code_of(std::string_view outcome) {
    constexpr int kFailed = 125;
    const Json document = Json::parse(outcome, nullptr, false);
    if (!document.is_object()) return kFailed;
    const std::string kind = document.value("outcome", std::string());
    if (kind == "exited") return document.value("code", kFailed);
    if (kind == "signaled") return 128 + document.value("signal", 0);
    return kind == "detached" ? 0 : kFailed;
}

}  // namespace backend_smolmachines
