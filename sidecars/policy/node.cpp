// Typed access to a JSON document; see node.h.
#include "policy/node.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace botbottle::policy {

tl::unexpected<Error> invalid(const std::string& path, const std::string& message,
                              std::string hint) {
    return failure("policy_invalid", path + ": " + message, std::move(hint));
}

tl::unexpected<Error> invalid(const std::string& path, const Error& error) {
    return invalid(path, error.message, error.hint);
}

std::string member_path(const std::string& parent, std::string_view name) {
    return parent.empty() ? std::string(name) : parent + "." + std::string(name);
}

std::string item_path(const std::string& parent, std::size_t index) {
    return parent + "[" + std::to_string(index) + "]";
}

Result<void> expect_object(const Node& node, std::initializer_list<std::string_view> members) {
    if (!node.value->is_object()) {
        return invalid(node.path.empty() ? "policy" : node.path, "must be an object");
    }
    for (const auto& [name, value] : node.value->items()) {
        if (std::find(members.begin(), members.end(), name) == members.end()) {
            return invalid(member_path(node.path, name), "unknown member");
        }
    }
    return {};
}

std::optional<Node> optional_member(const Node& node, std::string_view name) {
    const auto found = node.value->find(name);
    if (found == node.value->end() || found->is_null()) return std::nullopt;
    return Node{&*found, member_path(node.path, name)};
}

Result<Node> member(const Node& node, std::string_view name) {
    auto found = optional_member(node, name);
    if (!found) return invalid(member_path(node.path, name), "is missing");
    return std::move(*found);
}

Result<std::string> text(const Node& node) {
    if (!node.value->is_string()) return invalid(node.path, "must be a string");
    return node.value->get<std::string>();
}

Result<std::string> non_empty_text(const Node& node) {
    auto found = text(node);
    if (found && found->empty()) return invalid(node.path, "must not be empty");
    return found;
}

Result<std::string> text_member(const Node& node, std::string_view name) {
    return member(node, name).and_then(non_empty_text);
}

Result<std::string> optional_text_member(const Node& node, std::string_view name) {
    const auto found = optional_member(node, name);
    return found ? non_empty_text(*found) : Result<std::string>(std::string());
}

Result<bool> boolean(const Node& node) {
    if (!node.value->is_boolean()) return invalid(node.path, "must be true or false");
    return node.value->get<bool>();
}

}  // namespace botbottle::policy
