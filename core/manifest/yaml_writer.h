// A tree of yaml.h as text that yaml.h reads as the same tree.
#pragma once

#include <QString>

#include "manifest/yaml.h"

namespace botbottle::yaml {

// In block style, two blanks a level. An empty collection is {} or [].
QString write(const Value& node);

// One string, quoted where it needs to be.
QString scalar(const QString& text);

// What init and migrate build trees with.
Value string_value(const QString& text);
Value sequence_of(std::vector<Value> items);
void set_member(Value& mapping, const QString& key, Value value);

}  // namespace botbottle::yaml
