// Reading a document strictly: a value together with the path at which it stands, so that each
// error names its member ("routes[3].host: …"). Internal to this room.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace botbottle::policy {

// A value of the document and where it stands.
struct Node {
    const nlohmann::json* value;
    std::string path;
};

tl::unexpected<Error> invalid(const std::string& path, const std::string& message,
                              std::string hint = {});
tl::unexpected<Error> invalid(const std::string& path, const Error& error);

std::string member_path(const std::string& parent, std::string_view name);
std::string item_path(const std::string& parent, std::size_t index);

// An object without members other than these.
Result<void> expect_object(const Node& node, std::initializer_list<std::string_view> members);

// Null and absent are the same.
std::optional<Node> optional_member(const Node& node, std::string_view name);
Result<Node> member(const Node& node, std::string_view name);

Result<bool> boolean(const Node& node);
Result<std::string> text(const Node& node);
Result<std::string> non_empty_text(const Node& node);
Result<std::string> text_member(const Node& node, std::string_view name);
// Empty when it is absent.
Result<std::string> optional_text_member(const Node& node, std::string_view name);

template <typename T>
Result<std::vector<T>> list(const Node& node, Result<T> (*read)(const Node&)) {
    if (!node.value->is_array()) return invalid(node.path, "must be a list");
    std::vector<T> items;
    items.reserve(node.value->size());
    for (std::size_t i = 0; i < node.value->size(); ++i) {
        auto item = read(Node{&(*node.value)[i], item_path(node.path, i)});
        if (!item) return tl::make_unexpected(item.error());
        items.push_back(std::move(*item));
    }
    return items;
}

template <typename T>
Result<std::vector<T>> non_empty_list(const Node& node, Result<T> (*read)(const Node&)) {
    auto items = list(node, read);
    if (items && items->empty()) return invalid(node.path, "must not be empty");
    return items;
}

template <typename T>
Result<std::optional<std::vector<T>>> optional_list(const Node& parent, std::string_view name,
                                                    Result<T> (*read)(const Node&)) {
    const auto node = optional_member(parent, name);
    if (!node) return std::optional<std::vector<T>>();
    auto items = non_empty_list(*node, read);
    if (!items) return tl::make_unexpected(items.error());
    return std::optional(std::move(*items));
}

}  // namespace botbottle::policy
